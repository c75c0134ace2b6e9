package main

import "fmt"

// Names of sides that are ours, but not as the plain ours.
const (
	oursInto    = "ours, RecvInto"
	oursWatched = "ours, watched"
)

// The transports between processes. Over inproc one process has both ends.
var transports = []string{"tcp", "ipc", "inproc"}

// planStreams is S1 and S2, with S9, over tcp; with -full over the others, and
// at more sizes, too.
func planStreams() []experiment {
	var all []experiment
	for _, transport := range transports {
		for _, size := range []int{8, 16, 64, 128, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20} {
			all = append(all, planStream(transport, size))
		}
	}
	return all
}

// streamTarget is what S1 and S2 say of a size over tcp; 8 B and 256 KiB are not in them.
func streamTarget(size int) (id string, must bound, full bool) {
	switch {
	case size < 16:
		return "S1", bound{}, true
	case size <= 128:
		return "S1", atLeast(2), false
	case size <= 4<<10:
		return "S2", atLeast(1.6), false
	case size == 256<<10:
		return "S2", bound{}, true
	}
	return "S2", atLeast(1.1), false
}

func planStream(transport string, size int) experiment {
	id, must, full := streamTarget(size)
	name, take := sizeName(size), (*lab).stream
	if transport != "tcp" {
		name, must, full = transport+" "+name, bound{}, true
	}
	if transport == "inproc" {
		take = inprocOf(roleInprocStream)
	}
	s := settings{size: size, transport: transport}
	row := rowSpec{
		name: name, unit: "msg/s", of: rate, ours: ours, must: must, cpu: true,
		plot: plot{"PUSH to PULL, " + transport, "bytes per message", float64(size)},
	}
	e := experiment{
		id: id, name: name, full: full, quick: transport == "tcp" && (size == 64 || size == 1<<10),
		sides: sidesOf(take, s, everybody...),
		rows:  []rowSpec{row},
	}
	if transport != "inproc" {
		s.into = true
		e.sides = append(e.sides, side{name: oursInto, who: ours, take: take, s: s})
		row.name, row.ours, row.plot.Name = name+" RecvInto", oursInto, "PUSH to PULL, "+transport+", RecvInto"
		e.rows = append(e.rows, row)
	}
	if id == "S1" && transport == "tcp" {
		e.rows = append(e.rows, rowSpec{id: "S9", name: name, unit: "CPU s/M", of: cpuPerM, ours: ours, must: atMost(0.7)})
	}
	return e
}

// planRoundTrips is S3. Whether the system puts two processes on one core or
// on two changes a round trip threefold, and it decides once per process: so
// there are twice the rounds, and the spread is part of the result.
func planRoundTrips() []experiment {
	var all []experiment
	for _, transport := range []string{"tcp", "ipc"} {
		for _, size := range []int{8, 64, 1 << 10, 64 << 10, 1 << 20} {
			name := transport + " " + sizeName(size)
			must := bound{}
			if size == 64 {
				must = atMost(0.4)
			}
			row := func(of quantity, short string) rowSpec {
				return rowSpec{
					name: name + " " + short, unit: "µs", of: of, ours: ours, must: must, cpu: true,
					plot: plot{"REQ to REP, " + transport + ", " + short, "bytes per message", float64(size)},
				}
			}
			all = append(all, experiment{
				id: "S3", name: name, times: 2, full: size != 64, quick: size == 64 && transport == "tcp",
				sides: sidesOf((*lab).roundTrip, settings{size: size, transport: transport}, everybody...),
				rows:  []rowSpec{row(p50, "p50"), row(p99, "p99")},
			})
		}
	}
	return all
}

// planInproc is S4.
func planInproc() []experiment {
	of := func(name, role, pattern string, row rowSpec, who ...string) experiment {
		row.name, row.ours, row.cpu = name, ours, true
		return experiment{
			id: "S4", name: name, quick: true,
			sides: sidesOf(inprocOf(role), settings{size: 64, pattern: pattern}, who...),
			rows:  []rowSpec{row},
		}
	}
	turn := rowSpec{unit: "µs", of: p50, must: atMost(0.2)}
	return []experiment{
		of("inproc 64 B", roleInprocStream, "", rowSpec{unit: "msg/s", of: rate, must: atLeast(3)}, everybody...),
		of("inproc PAIR turn p50", roleInprocRoundTrip, "pair", turn, three...),
		of("inproc REQ turn p50", roleInprocRoundTrip, "reqrep", turn, everybody...),
	}
}

// planFans is S5, with its default of dropping what a subscriber has no room
// for, and without.
func planFans() []experiment {
	var all []experiment
	for _, n := range []int{1, 8, 64, 512} {
		name := fmt.Sprintf("to %d SUB, 64 B, no drop", n)
		all = append(all, experiment{
			id: "S5", name: name,
			sides: sidesOf((*lab).fan, settings{size: 64, clients: n, pattern: "wait"}, three...),
			rows: []rowSpec{{
				name: name, unit: "del/s", of: rate, ours: ours, cpu: true,
				plot: plot{"PUB to SUB, tcp, 64 B, no drop", "subscribers", float64(n)},
			}},
		})
	}
	for _, size := range []int{64, 1 << 10} {
		for _, n := range []int{1, 8, 64, 512} {
			name := fmt.Sprintf("to %d SUB, %s", n, sizeName(size))
			at := plot{"PUB to SUB, tcp, " + sizeName(size), "subscribers", float64(n)}
			all = append(all, experiment{
				id: "S5", name: name, quick: n == 8 && size == 64,
				sides: sidesOf((*lab).fan, settings{size: size, clients: n}, everybody...),
				rows: []rowSpec{
					{name: name, unit: "del/s", of: rate, ours: ours, must: atLeast(1.5), cpu: true, plot: at},
					{name: name + ", delivered", unit: "%", of: delivered, ours: ours},
				},
			})
		}
	}
	return all
}

// planExchanges is S6; with -full, one client with 1 and with 100 requests on
// their way, at all sizes and over all transports.
func planExchanges() []experiment {
	var all []experiment
	for _, n := range []int{1, 8, 64} {
		e := planExchange("tcp", 64, n, 100)
		e.full, e.quick, e.rows[0].must = false, n == 8, atLeast(1.5)
		e.name = fmt.Sprintf("%d × 100 in flight", n)
		e.rows[0].name = e.name
		e.rows[0].plot = plot{"DEALER to ROUTER, 64 B, 100 in flight each", "clients", float64(n)}
		all = append(all, e)
	}
	for _, transport := range transports {
		for _, size := range []int{8, 64, 1 << 10, 64 << 10, 1 << 20} {
			all = append(all, planExchange(transport, size, 1, 1), planExchange(transport, size, 1, 100))
		}
	}
	return all
}

func planExchange(transport string, size, clients, flight int) experiment {
	name := fmt.Sprintf("%s %s, %d in flight", transport, sizeName(size), flight)
	take, who := (*lab).exchange, routers
	if transport == "inproc" {
		take, who = inprocOf(roleInprocExchange), two
	}
	return experiment{
		id: "S6", name: name, full: true,
		sides: sidesOf(take, settings{size: size, clients: clients, flight: flight, transport: transport}, who...),
		rows: []rowSpec{{
			name: name, unit: "req/s", of: rate, ours: ours, cpu: true,
			plot: plot{fmt.Sprintf("DEALER to ROUTER, %s, %d in flight", transport, flight), "bytes per message", float64(size)},
		}},
	}
}

// planAllocations is S10: each end in a process of its own, so that what it
// allocates is its own work.
func planAllocations() []experiment {
	of := func(name string, s settings, rows ...rowSpec) experiment {
		for i := range rows {
			rows[i].unit, rows[i].ours = "allocs", ours
		}
		return experiment{id: "S10", name: name, quick: s.frames == 3, sides: sidesOf((*lab).stream, s, ours), rows: rows}
	}
	return []experiment{
		of("allocations, 1 frame", settings{size: 64},
			rowSpec{name: "Send 64 B", of: sendMallocs, must: noMoreThan(0)},
			rowSpec{name: "Recv 64 B", of: recvMallocs, must: noMoreThan(0.1)}),
		of("allocations, 3 frames", settings{size: 64, frames: 3},
			rowSpec{name: "Send 8+8+64 B", of: sendMallocs, must: noMoreThan(0)},
			rowSpec{name: "Recv 8+8+64 B", of: recvMallocs, must: noMoreThan(0.1)}),
		of("allocations, RecvInto", settings{size: 64, into: true},
			rowSpec{name: "RecvInto 64 B", of: recvMallocs, must: noMoreThan(0)}),
	}
}

// planMonitor is S11. It looks for one percent, so it takes twice the rounds.
func planMonitor() []experiment {
	return []experiment{{
		id: "S11", name: "monitor", times: 2, quick: true,
		sides: append(sidesOf((*lab).stream, settings{size: 64}, ours),
			side{name: oursWatched, who: ours, take: (*lab).stream, s: settings{size: 64, watch: true}}),
		rows: []rowSpec{
			{name: "64 B, no watcher", unit: "msg/s", of: rate, ours: ours, cpu: true},
			{name: "64 B, Watch(All) unread", unit: "msg/s", of: rate, ours: oursWatched, base: ours, must: atLeast(0.99), cpu: true},
		},
	}}
}

// planCurve is S12. Who binds is the server; who connects knows its key.
func planCurve() []experiment {
	of := func(name, unit string, quick bool, take trial, s settings) experiment {
		return experiment{id: "S12", name: name, quick: quick, sides: sidesOf(take, secured(s), two...), rows: []rowSpec{
			{name: name, unit: unit, of: rate, ours: ours, must: atLeast(0.8), cpu: true},
		}}
	}
	var all []experiment
	for _, size := range []int{64, 1 << 10, 64 << 10} {
		all = append(all, of("CURVE "+sizeName(size), "msg/s", size == 64, (*lab).stream, settings{size: size}))
	}
	return append(all, of("CURVE handshakes", "per s", false, (*lab).visits, settings{}))
}
