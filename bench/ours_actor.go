package main

// oursActor is what plays role with this library; nil: nothing.
func oursActor(role string) func(settings) error {
	switch role {
	case rolePush:
		return oursPush
	case rolePull:
		return oursPull
	case roleRequest:
		return oursRequest
	case roleReply:
		return oursReply
	case roleVisit:
		return oursVisit
	case rolePublish:
		return oursPublish
	case roleSubscribe:
		return oursSubscribe
	case roleDealer:
		return oursDealer
	case roleRouter:
		return oursRouter
	case roleInprocStream:
		return oursInprocStream
	case roleInprocRoundTrip:
		return oursInprocRoundTrip
	case roleInprocExchange:
		return oursInprocExchange
	case roleListen:
		return oursListen
	case roleTopics:
		return oursTopics
	}
	return nil
}
