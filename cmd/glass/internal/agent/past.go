package agent

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/observe/fact"
)

// at is what is true, or was at the moment of ?at=. Without a snapshot it has answered.
func (a *Agent) at(w http.ResponseWriter, r *http.Request) (s model.Snapshot, ok bool) {
	at, err := moment(r.URL.Query(), "at", nil)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error(), "")
		return s, false
	case at.IsZero() || !at.Before(time.Now()):
		return a.Snapshot(), true
	case a.o.History == nil:
		refuse(w, http.StatusNotFound, errNoHistory.Error(), cureNoHistory)
		return s, false
	}
	select { // each reads all that is kept, and holds all that was true: one after the other
	case a.rebuilds <- struct{}{}:
		defer func() { <-a.rebuilds }()
	case <-r.Context().Done():
		return s, false // who asked has gone
	}
	// By their times, from the first that is kept: a connection may be as old as the history.
	then, err := model.Rebuild(at, a.o.History.Events(r.Context(), history.Filter{Until: at}))
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), "")
		return s, false
	}
	s = then.Snapshot()
	if err := a.recall(r.Context(), &s, at); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), "")
		return s, false
	}
	return s, true
}

// lookBack is how old a sample may be to stand for a moment: they are of ten seconds, and a socket to which nothing happens has
// none. A minute of them is the sockets' history.
const lookBack = time.Minute

// recall puts the numbers into a snapshot of the past that no event tells: rates, counts and queues, from samples.
func (a *Agent) recall(ctx context.Context, s *model.Snapshot, at time.Time) error {
	samples, err := a.o.History.Samples(ctx, history.SampleFilter{Since: at.Add(-lookBack), Until: at})
	if err != nil {
		return err
	}
	sockets := make(map[string]*model.Socket, len(s.Sockets))
	for i := range s.Sockets {
		s.Sockets[i].History = []model.Point{} // the seconds of rebuilding
		sockets[s.Sockets[i].Key] = &s.Sockets[i]
	}
	for _, sample := range samples { // by time, so the last one stands
		row := sockets[fmt.Sprintf("%s/%d", sample.Inst, sample.Sock)]
		if row == nil {
			continue
		}
		row.MessagesIn, row.MessagesOut, row.Dropped = sample.Rx, sample.Tx, sample.Drops
		row.RateIn, row.RateOut, row.QueueIn, row.QueueOut = sample.RxRate, sample.TxRate, sample.RxQueue, sample.TxQueue
		row.History = append(row.History, model.Point{Time: sample.At, In: sample.RxRate, Out: sample.TxRate, Queue: sample.RxQueue + sample.TxQueue})
	}
	return nil
}

func (a *Agent) timeline(w http.ResponseWriter, r *http.Request) {
	peer := r.URL.Query().Get("peer")
	switch {
	case peer == "":
		refuse(w, http.StatusBadRequest, "which peer", "write ?peer= and a routing id, a user, or an address")
	case a.o.History == nil:
		refuse(w, http.StatusNotFound, errNoHistory.Error(), cureNoHistory)
	default:
		t, err := a.lives(r.Context(), peer)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error(), "")
			return
		}
		answer(w, t)
	}
}

// lives are a peer's, out of all that happened to the sockets where it was: what bears no name of its own, such as the end of a
// socket that was killed and most of what libzmq tells, says more of it in its place.
func (a *Agent) lives(ctx context.Context, peer string) (model.Timeline, error) {
	var sockets []string
	for f, err := range a.o.History.Events(ctx, history.Filter{Peer: peer}) {
		if err != nil {
			return model.Timeline{}, err
		}
		if key := fmt.Sprintf("%s/%d", f.Instance.ID, f.SocketID); !slices.Contains(sockets, key) {
			sockets = append(sockets, key)
		}
	}
	stories := make([]iter.Seq2[fact.Fact, error], len(sockets))
	for i, key := range sockets {
		stories[i] = a.o.History.Events(ctx, history.Filter{Sock: key})
	}
	return model.TimelineOf(peer, stories...)
}
