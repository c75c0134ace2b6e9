package assault

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// split takes a line apart at spaces and braces; what is in quotes stays together, and what is behind a # is a remark.
func split(line string) (words []string, err error) {
	for rest := strings.TrimSpace(line); rest != "" && rest[0] != '#'; rest = strings.TrimLeft(rest, " ") {
		n := 0
		for n < len(rest) && rest[n] != ' ' {
			if rest[n] == '{' || rest[n] == '}' {
				n = max(n, 1)
				break
			}
			if rest[n] != '"' {
				n++
				continue
			}
			quoted, err := strconv.QuotedPrefix(rest[n:])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", rest[n:], err)
			}
			n += len(quoted)
		}
		words, rest = append(words, rest[:n]), rest[n:]
	}
	return words, nil
}

// Text is what a word says: in quotes, x*300 for 300 times x, or as it is.
func Text(word string) string {
	if text, times, ok := strings.Cut(word, "*"); ok && !strings.HasPrefix(word, `"`) {
		if n, err := strconv.Atoi(times); err == nil {
			return strings.Repeat(text, n)
		}
	}
	return unquoted(word)
}

func unquoted(word string) string {
	if text, err := strconv.Unquote(word); err == nil {
		return text
	}
	return word
}

// number reads 300, 2^62 and 2^63-1.
func number(s string) (uint64, error) {
	s, less := strings.CutSuffix(s, "-1")
	base, power, _ := strings.Cut(s, "^")
	n, ok := new(big.Int).SetString(base, 10)
	if !ok {
		return 0, fmt.Errorf("%q is no number", s)
	}
	if power != "" {
		p, err := strconv.ParseInt(power, 10, 64)
		if err != nil {
			return 0, err
		}
		n.Exp(n, big.NewInt(p), nil)
	}
	if less {
		n.Sub(n, big.NewInt(1))
	}
	if !n.IsUint64() {
		return 0, fmt.Errorf("%s has more than 64 bits", s)
	}
	return n.Uint64(), nil
}
