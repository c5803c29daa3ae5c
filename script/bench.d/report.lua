-- Prints the outcome of a run as one line of JSON, and fixed runs by their own clock.
--
-- A run over a list ends before wrk's time is over, and wrk knows only the latter. So each thread
-- keeps the time of its first request and of its last answer.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *time);
]]

local time = ffi.new("bench_time")
local threads = {}

function now()
  ffi.C.clock_gettime(1, time) -- CLOCK_MONOTONIC
  return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency, requests)
  local elapsed, operations = summary.duration / 1e6, summary.requests
  local own = threads[1]:get("elapsed")
  if own then
    elapsed, operations = own, threads[1]:get("operations")
  end
  local errors = summary.errors
  io.write(string.format(
    '{"operations":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}\n',
    operations, elapsed, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
