package option

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq"
)

// Values are written as libzmq's users write them: a bare number is milliseconds (of TCP keep-alive, seconds), 0 is none,
// or no limit. Config has 0 for the default instead, and words here say what Config's constants do.

func word(field string, names []string, about string, at func(*zmq.Config) *string) row {
	return row{field, names, "TEXT", about, func(c *zmq.Config, value string) error {
		*at(c) = value
		return nil
	}}
}

func yesNo(field string, names []string, about string, at func(*zmq.Config) *bool) row {
	return row{field, names, "YES|NO", about, func(c *zmq.Config, value string) error {
		switch strings.ToLower(value) {
		case "1", "true", "yes", "on":
			*at(c) = true
		case "0", "false", "no", "off", "-1", "default": // libzmq: -1 is the default, and off is every yesNo's
			*at(c) = false
		default:
			return errors.New("write yes or no")
		}
		return nil
	}}
}

// count is a number of things where 0 is "no limit", as for libzmq's high-water marks.
func count(field string, names []string, about string, at func(*zmq.Config) *int) row {
	return row{field, names, "COUNT", about, func(c *zmq.Config, value string) error {
		switch strings.ToLower(value) {
		case "default":
			*at(c) = 0
			return nil
		case "0", "-1", "unlimited":
			*at(c) = zmq.Unlimited
			return nil
		}
		n, err := strconv.ParseUint(value, 10, 31)
		*at(c) = int(n)
		if err != nil {
			return errors.New("write a count, unlimited or default")
		}
		return nil
	}}
}

// number is a number where 0, and libzmq's -1, are "as the system likes".
func number[N int | int64](field string, names []string, about string, at func(*zmq.Config) *N) row {
	return row{field, names, "NUMBER", about, func(c *zmq.Config, value string) error {
		if value == "-1" || strings.EqualFold(value, "default") {
			*at(c) = 0
			return nil
		}
		n, err := strconv.ParseInt(value, 10, 64)
		*at(c) = N(n)
		if err != nil || n < 0 || int64(N(n)) != n {
			return errors.New("write a number, or default")
		}
		return nil
	}}
}

// A unit is how a bare number is meant.
type unit struct {
	of     time.Duration
	minus  time.Duration // what -1 is in libzmq; 0: nothing
	noZero string        // why 0 cannot be meant; "": it is zmq.Off
}

var ms, seconds = unit{of: time.Millisecond}, unit{of: time.Second}

func (u unit) and(minus time.Duration) unit { u.minus = minus; return u }
func (u unit) never0(why string) unit       { u.noZero = why; return u }

func span(field string, names []string, u unit, about string, at func(*zmq.Config) *time.Duration) row {
	return row{field, names, "TIME", about, func(c *zmq.Config, value string) (err error) {
		*at(c), err = u.parse(value)
		return err
	}}
}

func (u unit) parse(value string) (time.Duration, error) {
	switch strings.ToLower(value) {
	case "default":
		return 0, nil
	case "off":
		return zmq.Off, nil
	case "forever":
		return zmq.Forever, nil
	}
	d, err := time.ParseDuration(value)
	if n, bare := strconv.ParseInt(value, 10, 32); bare == nil {
		d, err = time.Duration(n)*u.of, nil
	}
	switch {
	case err == nil && d > 0:
		return d, nil
	case err == nil && d == 0 && u.noZero != "":
		return 0, errors.New(u.noZero)
	case err == nil && d == 0:
		return zmq.Off, nil
	case value == "-1" && u.minus != 0:
		return u.minus, nil
	}
	return 0, fmt.Errorf("write a time (250ms, 2s; a bare number is in %s), off, forever or default", u.name())
}

func (u unit) name() string {
	if u.of == time.Second {
		return "seconds"
	}
	return "milliseconds"
}

// keepAlive turns keep-alive on along with one of its numbers: without it they would mean nothing.
func keepAlive(r row) row {
	set := r.set
	r.set = func(c *zmq.Config, value string) error {
		c.KeepAlive.Enable = true
		return set(c, value)
	}
	return r
}

// blob is bytes; on a command line they are text.
func blob(field string, names []string, about string, at func(*zmq.Config) *[]byte) row {
	return row{field, names, "TEXT", about, func(c *zmq.Config, value string) error {
		*at(c) = []byte(value)
		return nil
	}}
}

// flags is a set of words, of which the first is bit 0, as libzmq's bits are in order; or its number.
func flags[F ~uint8](field string, names, words []string, about string, at func(*zmq.Config) *F) row {
	return row{field, names, "WORDS", about + ": " + strings.Join(words, ", "), func(c *zmq.Config, value string) error {
		if n, err := strconv.ParseUint(value, 0, len(words)); err == nil {
			*at(c) = F(n)
			return nil
		}
		var set F
		for word := range strings.FieldsFuncSeq(strings.ToLower(value), func(r rune) bool { return r == '|' || r == ',' }) {
			bit := slices.Index(words, word)
			if bit < 0 {
				return fmt.Errorf("write one of %s, several joined by |, or 0", strings.Join(words, ", "))
			}
			set |= 1 << bit
		}
		*at(c) = set
		return nil
	}}
}

// setStreamNotify is libzmq's name for what zmq.Config says the other way round, so that its zero is the default.
func setStreamNotify(c *zmq.Config, value string) error {
	notify := true
	if !strings.EqualFold(value, "default") {
		yes := yesNo("", nil, "", func(*zmq.Config) *bool { return &notify })
		if err := yes.set(c, value); err != nil {
			return err
		}
	}
	c.StreamSilent = !notify
	return nil
}

func setAcceptFilter(c *zmq.Config, value string) error {
	network, err := netip.ParsePrefix(value)
	if addr, bare := netip.ParseAddr(value); bare == nil {
		network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	if err != nil {
		return errors.New("write a network, as in 10.0.0.0/8 or ::1")
	}
	c.AcceptFilter = append(slices.Clip(c.AcceptFilter), network) // the caller may have copied the Config
	return nil
}

func setSubscribe(c *zmq.Config, value string) error {
	c.Subscribe = append(slices.Clip(c.Subscribe), value)
	return nil
}

func setMetadata(c *zmq.Config, value string) error {
	name, text, found := strings.Cut(value, ":")
	if !found {
		return errors.New("write X-NAME:TEXT")
	}
	c.Metadata = maps.Clone(c.Metadata) // the caller may have copied the Config
	if c.Metadata == nil {
		c.Metadata = make(map[string]string)
	}
	c.Metadata[name] = text
	return nil
}
