-- For wrk: each thread sends its share of the requests in a file, one after the other; each of them stands behind a line with its length.
-- Once: a thread ends with its last request. Otherwise it begins anew.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  local file, among = assert(io.open(arguments[1], "rb")), tonumber(arguments[2])
  once = arguments[3] == "once"
  wires, place, sent = {}, 0, 0
  for length in file:lines() do
    local wire = file:read(tonumber(length))
    if place % among == number then
      table.insert(wires, wire)
    end
    place = place + 1
  end
  file:close()
end

function request()
  local wire = wires[sent % #wires + 1]
  sent = sent + 1
  if once and sent > #wires then
    wrk.thread:stop()
  end
  return wire
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format("told %f %f %d\n", summary.requests / summary.duration * 1e6, latency:percentile(99) / 1e6, failed))
end
