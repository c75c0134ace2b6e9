package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// A reading comes when all have done something, and has what all have done.
func TestGaugeWaitsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(2)
		got := make(chan reading)
		go func() {
			r, err := g.read()
			if err != nil {
				t.Error(err)
			}
			got <- r
		}()
		g.add(0, 3)
		g.add(0, 4)
		synctest.Wait()
		select {
		case r := <-got:
			t.Fatalf("one of two has not begun, and a reading of %d came", r.Messages)
		default:
		}
		g.add(1, 5)
		if r := <-got; r.Messages != 12 {
			t.Errorf("%d messages, want 12", r.Messages)
		}
	})
}

// What fails is the answer to a question, before all are there and afterwards.
func TestGaugeTellsAFailure(t *testing.T) {
	broken := errors.New("broken")
	for _, good := range []int{0, 5} {
		g := newGauge(1)
		calls := 0
		g.serve(0, 10, func(int) error {
			if calls++; calls > good {
				return broken
			}
			return nil
		})
		if _, err := g.read(); err != broken {
			t.Errorf("after %d good steps: %v, want that it is broken", good, err)
		}
	}
}

func TestReadingMinus(t *testing.T) {
	late := reading{Messages: 30, Seconds: 3, CPU: 2, Mallocs: 9, Peak: 7, Accepted: 4}
	want := reading{Messages: 20, Seconds: 2, CPU: 1.5, Mallocs: 4, Peak: 7, Accepted: 4}
	if got := late.minus(reading{Messages: 10, Seconds: 1, CPU: 0.5, Mallocs: 5, Peak: 6}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// No prefix comes twice, and what is sent matches none, but for its last byte.
func TestTopics(t *testing.T) {
	const n = 200_000
	prefixes := map[string]bool{topicSync: true}
	for i := range n {
		prefixes[string(topicName(i, '.'))] = true
	}
	if len(prefixes) != n+1 {
		t.Fatalf("%d prefixes of %d", len(prefixes)-1, n)
	}
	distinct := map[string]bool{}
	for _, topic := range missedTopics(n) {
		near := strings.TrimSuffix(string(topic), "!") + "."
		if prefixes[string(topic)] || !prefixes[near] {
			t.Fatalf("%s is a prefix, or %s is none", topic, near)
		}
		distinct[near] = true
	}
	if len(distinct) < topicRing/2 {
		t.Errorf("%d prefixes are walked by %d topics: they would be in a cache", len(distinct), topicRing)
	}
}

func TestSteps(t *testing.T) {
	for most, want := range map[int][]int{1: {1}, 10: {1, 10}, 10_000: {1, 10, 100, 1000, 10_000}, 900: {1, 10, 100, 900}} {
		if got := steps(most); !slices.Equal(got, want) {
			t.Errorf("steps to %d: %v, want %v", most, got, want)
		}
	}
}

func TestManyName(t *testing.T) {
	for n, want := range map[int]string{1: "1", 64: "64", 1000: "1k", 1500: "1500", 10_000: "10k", 1_000_000: "1M"} {
		if got := manyName(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
