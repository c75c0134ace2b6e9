package agent

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
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
		t, err := model.TimelineOf(peer, a.o.History.Events(r.Context(), history.Filter{Peer: peer}))
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error(), "")
			return
		}
		answer(w, t)
	}
}
