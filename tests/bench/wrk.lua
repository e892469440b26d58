-- SPDX-License-Identifier: MIT
-- For wrk: asks for one path after the other of a file, and tells in JSON what came of it.
--   wrk … -s wrk.lua URL -- FILE [close]
local requests, at = {}, 0

function init(args)
   wrk.headers["Connection"] = args[2]
   for path in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("GET", path)
   end
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "bytes": %d, "seconds": %.6f, "us_99": %d, "refused": %d, "lost": %d}\n',
      summary.requests, summary.bytes, summary.duration / 1e6, latency:percentile(99), errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
