package main

import (
	"fmt"
	"strings"

	"github.com/glassmq/zmq/monitor"
)

// parseKinds reads a mask of events as an operator writes it.
func parseKinds(text string) (monitor.Mask, error) {
	m, err := monitor.ParseMask(text)
	if err != nil {
		return 0, fmt.Errorf("no such kind of event: the names are %s; and %s", strings.Join(kindNames(), ", "), strings.Join(maskNames, ", "))
	}
	return m, nil
}

// maskNames are the names of several kinds together.
var maskNames = []string{"failures", "lifecycle", "classic", "flow", "subs", "all"}

func kindNames() (names []string) {
	for k := range monitor.Kinds() {
		names = append(names, k.String())
	}
	return names
}
