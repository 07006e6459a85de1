-- For wrk: each thread sends its share of the requests in a file, one after the other and then anew; each stands behind a line with its length.
-- An answer that is not a success counts as failed: a page that sends to the log-in is none.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  local file, among = assert(io.open(arguments[1], "rb")), tonumber(arguments[2])
  wires, place, sent, refused = {}, 0, 0, 0
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
  sent = sent + 1
  return wires[(sent - 1) % #wires + 1]
end

function response(status)
  if status >= 300 then
    refused = refused + 1
  end
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("refused")
  end
  io.write(string.format("told %f %f %d\n", summary.requests / summary.duration * 1e6, latency:percentile(99) / 1e6, failed))
end
