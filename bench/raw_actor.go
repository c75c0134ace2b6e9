package main

// rawActor is what plays role with plain sockets; nil: nothing. The crowds are
// the bare peers that every side's listener meets.
func rawActor(role string) func(settings) error {
	switch role {
	case rolePush:
		return rawPush
	case rolePull:
		return rawPull
	case roleRequest:
		return rawRequest
	case roleReply:
		return rawReply
	case roleVisit:
		return rawVisit
	case rolePublish:
		return rawPublish
	case roleSubscribe:
		return rawSubscribe
	case roleDealer:
		return rawDealer
	case roleRouter:
		return rawRouter
	case roleInprocStream:
		return rawInprocStream
	case roleInprocRoundTrip:
		return rawInprocRoundTrip
	case roleCrowdPush:
		return crowdPush
	case roleCrowdAsk:
		return crowdAsk
	}
	return nil
}
