package assault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// expect waits until the attacker has been sent these bytes, no more and no others.
func (a *Attack) expect(ctx context.Context, words []string) error {
	if a.Loose {
		switch first, _, _ := strings.Cut(words[0], ":"); first {
		case "opening":
			if a.greeted {
				words = words[1:]
				break
			}
			if err := a.hear(ctx, []string{"greeting", "READY"}); err != nil {
				return err
			}
			words = words[1:]
		case "greeting":
			return a.signed(ctx)
		}
	}
	want, err := a.speller.Spell(words)
	if err != nil {
		return err
	}
	got, err := a.take(ctx, len(want))
	a.opened, a.greeted = true, true
	if err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("the attacker was sent %q, %v, want %q", brief(got), err, brief(want))
	}
	return nil
}

// signed waits for the ten bytes that every greeting begins with.
func (a *Attack) signed(ctx context.Context) error {
	a.opened = true
	got, err := a.take(ctx, 10)
	if err == nil && (len(got) < 10 || got[0] != 0xFF || got[9] != 0x7F) {
		err = errors.New("this is no greeting")
	}
	if err != nil {
		return fmt.Errorf("the attacker was sent %q: %w", got, err)
	}
	return nil
}

// hear waits until the attacker has been sent these units, no more and no others.
func (a *Attack) hear(ctx context.Context, names []string) error {
	a.opened = true
	for _, want := range names {
		u, err := a.unit(ctx)
		if err != nil {
			return fmt.Errorf("%s did not come: %w", want, err)
		}
		if u.name() != want {
			return fmt.Errorf("%s came, want %s", Unit(u.whole, u.greeting), want)
		}
		if a.In.mechanism() == "CURVE" && !u.greeting {
			if _, err := a.speller.forge.hear(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// unit takes the next whole unit.
func (a *Attack) unit(ctx context.Context) (unit, error) {
	for {
		if u, rest, ok := next(a.heard, a.greeted); ok {
			a.heard, a.greeted = rest, true
			return u, nil
		}
		got, err := a.take(ctx, 1)
		if err != nil {
			return unit{}, err
		}
		a.heard = append(a.heard, got...)
	}
}

// take waits for n bytes that were not taken yet, or the end.
func (a *Attack) take(ctx context.Context, n int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Patience)
	defer cancel()
	for {
		a.mu.Lock()
		in, ended, more := a.in, a.ended, a.more
		if len(in) >= n || ended != nil {
			n = min(n, len(in))
			a.in = in[n:]
			a.mu.Unlock()
			if ended != nil && n == 0 {
				return nil, io.EOF
			}
			return in[:n], nil
		}
		a.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return in, ctx.Err()
		}
	}
}

// Alive asks for a sign of life.
func (a *Attack) Alive(ctx context.Context) error {
	const context = "alive?"
	secured := a.In.mechanism() != "NULL"
	if a.In.mechanism() == "CURVE" {
		ping, err := a.speller.Spell(lineOf("curve.message:command { name:PING hex:0000 \"" + context + "\" }"))
		if err != nil {
			return err
		}
		if err := a.write(ping); err != nil {
			return err
		}
		return a.pong(ctx, context)
	}
	if err := a.write(command("PING", []byte("\x00\x00"+context))); err != nil || secured || a.Loose {
		return errors.Join(err, a.pong(ctx, context))
	}
	want := append(a.Unread(), command("PONG", []byte(context))...)
	got, err := a.take(ctx, len(want))
	a.opened = true
	if err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("the attacker was sent %q, %v, want %q", brief(got), err, brief(want))
	}
	return nil
}

// pong waits for the answer, and passes over what else a socket may say before it.
func (a *Attack) pong(ctx context.Context, want string) error {
	for {
		u, err := a.unit(ctx)
		if err != nil {
			return fmt.Errorf("no answer to a PING: %w", err)
		}
		text := u.body
		if u.name() == "MESSAGE" && a.In.mechanism() == "CURVE" {
			if text, err = a.speller.forge.hear(u); err != nil {
				return err
			}
			text = text[min(1, len(text)):]
		}
		if string(text) == "\x04PONG"+want {
			return nil
		}
	}
}

// Unread is what the attacker is sent unasked by a socket of ours with NULL, and has not read.
func (a *Attack) Unread() []byte {
	if a.opened {
		return nil
	}
	return Opening(a.Type)
}

// Rest is what the attacker was sent and has not taken, up to the end of the connection.
func (a *Attack) Rest(ctx context.Context) ([]byte, error) {
	got, err := a.take(ctx, 1<<30) // more than there is: to the end
	if err == io.EOF {
		err = nil
	}
	return got, err
}

// Ended is when the connection has ended, and how: io.EOF for a goodbye; nil if it has not.
func (a *Attack) Ended() (when time.Time, how error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.when, a.ended
}

// brief is the end of what is too long to show.
func brief(b []byte) []byte {
	if len(b) > 600 {
		return append([]byte("…"), b[len(b)-600:]...)
	}
	return b
}
