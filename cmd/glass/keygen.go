package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/credential"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

const keygenText = `keygen makes a CURVE key pair and writes two files: FILE has the public key, for everybody who talks with its holder, and
FILE_secret both keys, for the holder alone (mode 0600). They are certificates as CZMQ and pyzmq have them. The secret key is
printed nowhere.

A key is never written over without --force, after which whoever knows the old public key needs the new one.

With --public-of it makes nothing, and prints the public key of a certificate that is there, secret or public.`

const keygenExamples = `  glass keygen hub.key                         a server's: hub.key for its clients, hub.key_secret for itself
  glass keygen clients/ann.key --metadata name=Ann
  glass keygen --public-of hub.key_secret      what to put into another program's configuration`

// A keygen is the command line of keygen.
type keygen struct {
	form     choice
	force    bool
	metadata []string
	publicOf string
}

// secretEnding is that of curve.Certificate's secret files.
const secretEnding = "_secret"

func newKeygen() *cobra.Command {
	k := keygen{form: choice{show.Text, []string{show.Text, show.JSONL, "json"}}}
	cmd := &cobra.Command{
		Use:     "keygen FILE | --public-of FILE",
		Short:   "Make a CURVE key pair, in two files",
		Long:    keygenText,
		Example: keygenExamples,
		Args:    cobra.ArbitraryArgs, // run counts them
		RunE: func(cmd *cobra.Command, args []string) error {
			return k.run(cmd, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(&k.form, "output", "o", "`form` of what is told: text, or json or jsonl, one object")
	f.StringArrayVar(&k.metadata, "metadata", nil, "`name=value` about the holder, in both files; may be repeated")
	f.BoolVar(&k.force, "force", false, "make new keys also where there are keys already: the old ones are gone for good")
	f.StringVar(&k.publicOf, "public-of", "", "print the public key of this `file`, secret or public")
	complete(cmd, "output", k.form.among)
	return cmd
}

func (k *keygen) run(cmd *cobra.Command, args []string) error {
	o, err := k.tell(args)
	if err != nil {
		return err
	}
	text := o.text()
	if k.form.chosen != show.Text {
		b, _ := json.Marshal(o) // three strings: there is no error
		text = string(b) + "\n"
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), text); err != nil {
		return &failure{code: exitFailure, err: err}
	}
	return nil
}

// tell does what the command line says, and is what there is to tell of it.
func (k *keygen) tell(args []string) (keyObject, error) {
	shows := k.publicOf != ""
	switch {
	case shows && (len(args) > 0 || k.force || len(k.metadata) > 0):
		return keyObject{}, usagef("--public-of makes no keys: give it alone")
	case shows:
		return k.public()
	case len(args) != 1 || args[0] == "":
		return keyObject{}, usagef("keygen takes one file, as in: glass keygen hub.key")
	}
	return k.make(args[0])
}

// public is --public-of.
func (k *keygen) public() (keyObject, error) {
	key, err := credential.PublicOf(k.publicOf)
	if err != nil {
		return keyObject{}, usagef("--public-of: %w", err)
	}
	return keyObject{PublicKey: key.String()}, nil
}

// make writes a new pair.
func (k *keygen) make(path string) (o keyObject, err error) {
	if strings.HasSuffix(path, secretEnding) {
		return o, usagef("%s: that is a secret file's name: give the public one, %s, and the secret one is beside it",
			path, strings.TrimSuffix(path, secretEnding))
	}
	c := curve.Certificate{KeyPair: curve.NewKeyPair()}
	for _, text := range k.metadata {
		name, value, found := strings.Cut(text, "=")
		if !found {
			return o, usagef("--metadata %s: write name=value", text)
		}
		c.Metadata = append(c.Metadata, zmtp.Property{Name: name, Value: value})
	}
	write := c.WriteFiles
	if k.force {
		write = func(path string) error { return replace(c, path) }
	}
	if err := write(path); err != nil {
		return o, k.explain(path, err)
	}
	return keyObject{PublicKey: c.Public.String(), PublicFile: path, SecretFile: path + secretEnding}, nil
}

// replace writes c's files, where there may be others, by way of a folder beside them: at no time is a key half written, or a
// secret readable for others. The secret one goes first: it has both keys, and so is a pair whatever happens then.
func replace(c curve.Certificate, path string) (err error) {
	aside, err := os.MkdirTemp(filepath.Dir(path), ".glass-keygen-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	made := filepath.Join(aside, filepath.Base(path))
	if err := c.WriteFiles(made); err != nil {
		return err
	}
	for _, ending := range []string{secretEnding, ""} {
		if err := os.Rename(made+ending, path+ending); err != nil {
			return err
		}
	}
	return nil
}

// explain is why no keys were written, and what to do.
func (k *keygen) explain(path string, err error) error {
	f := &failure{code: exitFailure, err: err}
	switch {
	case errors.Is(err, os.ErrExist) && !k.force:
		f.err = fmt.Errorf("%s: there are keys already, in it or in %s%s", path, path, secretEnding)
		f.hint = "choose another name; or --force makes new keys, and whoever knows the old public key needs the new one"
	case errors.Is(err, os.ErrNotExist):
		f.err = fmt.Errorf("%s: there is no folder %s", path, filepath.Dir(path))
		f.hint = "make it, with mkdir -p, or choose another"
	case errors.Is(err, os.ErrPermission):
		f.err = fmt.Errorf("%s: this user may not write in %s", path, filepath.Dir(path))
		f.hint = "choose another folder, or run as its owner"
	case !errors.As(err, new(*os.PathError)) && !errors.As(err, new(*os.LinkError)):
		return usagef("--metadata: %w", err) // what the files cannot say
	}
	return f
}

// A keyObject is what is told of keys. The secret one is not.
type keyObject struct {
	PublicKey  string `json:"public_key"`
	PublicFile string `json:"public_file,omitempty"`
	SecretFile string `json:"secret_file,omitempty"`
}

func (o keyObject) text() string {
	if o.PublicFile == "" {
		return o.PublicKey + "\n"
	}
	return fmt.Sprintf("public key   %s\npublic file  %s  for the other side\nsecret file  %s  for the holder alone\n",
		o.PublicKey, o.PublicFile, o.SecretFile)
}
