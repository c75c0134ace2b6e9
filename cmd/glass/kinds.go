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
		return 0, fmt.Errorf("no such kind of event: the names are %s; and failures, lifecycle, classic, flow, subs, all", strings.Join(kindNames(), ", "))
	}
	return m, nil
}

func kindNames() (names []string) {
	for k := range monitor.Kinds() {
		names = append(names, k.String())
	}
	return names
}
