drop function bus.head();
alter function bus.append reset jit;
alter function bus.append reset enable_seqscan;
