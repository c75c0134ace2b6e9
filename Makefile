# The library and its tests need no make: go test work. This is for what is C.

# libzmq: build/lib/libzmq.so.5 and build/include/zmq.h (docs/libzmq.md)
.PHONY: libzmq
libzmq:
	$(MAKE) -C libzmq
