// SPDX-License-Identifier: MIT
// A TFTP server on the loop (RFC 1350, 2347, 2348, 2349) that gives what everybody may read and
// takes nothing.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/serve/sources.hpp"
#include "provisioning/serve/tftp_transfer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace serve {

struct TftpRequest {
    std::string name; ///< as clean_tftp_name leaves it
    base::Endpoint peer;
    base::Endpoint local; ///< the address the client reached us at
};

struct TftpLimits {
    std::size_t transfers = 200;           ///< each has a descriptor, of which an Asterisk has 1024
    std::size_t transfers_per_source = 20; ///< a site behind one address; each takes milliseconds
    std::size_t waiting_requests = 100;    ///< for a worker; more are not answered
    RequestRates rates = {20, 500};
    TftpPatience patience;
};

struct TftpCounters {
    std::uint64_t requests = 0;  ///< read requests that were understood, each once
    std::uint64_t repeated = 0;  ///< that came again while their transfer was under way
    std::uint64_t open = 0;      ///< transfers now, and requests that a worker has
    std::uint64_t complete = 0;  ///< transfers that came to a good end
    std::uint64_t timeouts = 0;  ///< given up, because the client said nothing
    std::uint64_t aborted = 0;   ///< ended by the client, or by its machine
    std::uint64_t evicted = 0;   ///< to make room: who never said anything, then who is slowest
    std::uint64_t not_found = 0; ///< answered with error 1
    std::uint64_t writes = 0;    ///< answered with error 2
    std::uint64_t malformed = 0; ///< answered with error 4, or no request at all
    std::uint64_t foreign = 0;   ///< packets of others to a transfer, error 5
    std::uint64_t outside = 0;   ///< from networks that are not served: not answered
    std::uint64_t limited = 0;   ///< over a rate or a limit: not answered
};

class Tftp {
  public:
    /// What a name stands for; nullptr: nothing, or nothing for this client. On a worker: it may
    /// block, and several run at a time.
    using Content = std::function<std::shared_ptr<const std::string>(const TftpRequest&)>;

    Tftp(base::Loop& loop, TftpLimits limits, Content content);
    ~Tftp(); ///< ends all; from the loop thread or after the loop stopped
    Tftp(const Tftp&) = delete;
    Tftp& operator=(const Tftp&) = delete;

    /// Listens at exactly these, ending what came to the others; port 0 = any. Only sources in
    /// `served` are ever answered: a source can be forged, and the answer is longer than the
    /// question. Returns what went wrong, one error for each that could not be opened; the others
    /// work. Loop thread, as is the next.
    std::vector<base::Error> listen(const std::vector<base::Endpoint>& at,
                                    std::vector<base::Network> served);
    std::vector<base::Endpoint> listening() const; ///< with the ports the system chose
    TftpCounters counters() const;                 ///< from any thread

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace serve
