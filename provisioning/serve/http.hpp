// SPDX-License-Identifier: MIT
// An HTTP/1.1 server on the loop: plain requests in, plain responses out; Asio is seen in http.cpp
// and connection*.cpp only, Beast in head.cpp only.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/serve/conditional.hpp"
#include "provisioning/serve/sources.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace serve {

class FileBody;

struct Request {
    /// GET or HEAD, and POST where the server takes bodies: others were answered before anybody is
    /// asked.
    std::string method;
    /// percent-decoded, starts with "/", printable ASCII, no "..", no "//", no query
    std::string path;
    std::string user_agent;
    std::string authorization;
    base::Endpoint peer;
    base::Endpoint local;         ///< the address the client reached us at
    Conditions conditions;        ///< of a GET
    bool tls = false;             ///< came over HTTPS
    std::string query = {};       ///< as sent, without the "?"; no blanks and no control characters
    std::string cookie = {};      ///< the value of the Cookie field; several are joined by "; "
    std::string body = {};        ///< of a POST, any bytes
    std::uint64_t connection = 0; ///< that it came on: a number that no other has in this process
};

struct Response {
    int status = 404;
    std::string content_type;
    std::shared_ptr<const std::string> body; ///< null = empty
    std::int64_t last_modified = 0;          ///< seconds since 1970; 0 = not said
    std::chrono::milliseconds delay{0};      ///< how long it waits before it leaves
    /// In the place of `body`, where it is read from the disk while it is sent.
    std::shared_ptr<const FileBody> file = {};
    std::shared_ptr<void> place = {}; ///< with `file`: let go when nothing more of it is sent
    /// With `file`: its last byte went out. On the loop thread, so without waiting for anything.
    std::function<void()> all_sent = {};
    /// Name and value of further header fields, such as Set-Cookie; nothing about the length or the
    /// connection. Allow, Cache-Control and ETag take the place of ours. What says Cache-Control is
    /// no file: it has no entity tag, and conditions and ranges do not apply.
    std::vector<std::pair<std::string, std::string>> fields = {};
    bool ends_connection = false;
    /// It leaves as a refusal does, some time after its request was read: how long we looked must
    /// not tell what its bytes do not.
    bool hides_its_time = false;
};

struct HttpLimits {
    std::size_t header_bytes = 8192;
    std::size_t connections = 2000;
    std::size_t connections_per_source = 400; ///< 300 phones may sit behind one address
    std::size_t target_bytes = 2048;
    std::uint64_t body_bytes = 65536; ///< read and dropped: no handler wants one
    /// Of a POST that is given to the handler with its body; 0 = this server takes none.
    std::uint64_t posted_bytes = 0;
    /// Of such bodies, from their first byte until the handler is done with them: over all
    /// connections, and from one address. Whoever comes beyond is told to come again later.
    std::uint64_t posted_in_all = std::uint64_t{64} << 20U;
    std::uint64_t posted_per_source = std::uint64_t{16} << 20U; ///< 300 phones with 50 kB each
    RequestRates rates;
    /// For a worker; more are told to come again later. As many as connections, each of which waits
    /// for one: sites that start together wait for each other.
    std::size_t waiting_requests = connections;
    std::size_t delayed_answers = 500; ///< at a time
    /// Files from the disk at a time; half of what one source may have open, so that whoever wants
    /// its configuration finds a connection. More are told to come again later.
    std::size_t downloads = 200;
    std::chrono::milliseconds request_deadline = std::chrono::seconds(10); ///< first byte to last
    std::chrono::milliseconds idle_deadline = std::chrono::seconds(15);    ///< between requests
    /// For a worker to do what was asked, and before that what others asked: while they wait for
    /// each other, no client is too slow. Who hangs up meanwhile loses its turn.
    std::chrono::milliseconds turn_deadline = std::chrono::seconds(300);
    /// For an answer, and for each piece of a file from the disk.
    std::chrono::milliseconds write_deadline = std::chrono::seconds(60);
    /// Whoever is slower with a file from the disk, over all of it, has a place that others wait
    /// for: 60 MB are to be there in half an hour.
    std::uint64_t least_rate = 8192;                                       ///< bytes per second
    std::chrono::milliseconds least_rate_after = std::chrono::seconds(60); ///< of the download
};

struct HttpCounters {
    std::uint64_t requests = 0;            ///< well-formed ones
    std::uint64_t refused_connections = 0; ///< over a limit
    std::uint64_t timeouts = 0;            ///< in the middle of a request or of an answer
    std::uint64_t bad_requests = 0;        ///< answered with 4xx and the end of the connection
    std::uint64_t open = 0;                ///< connections now
    std::uint64_t limited = 0;             ///< requests over the rates, answered with 503
    std::uint64_t overloaded = 0;          ///< requests that found no worker or no room, the same
    std::uint64_t evicted = 0;             ///< slow connections closed to make room
    std::uint64_t handshakes = 0;          ///< of TLS that came to a good end
    std::uint64_t tls_failures = 0;        ///< and those that did not
    std::uint64_t downloads = 0;           ///< files from the disk that are being sent now
    std::uint64_t file_bytes = 0;          ///< of them, sent
};

class TlsContext;

class Http {
  public:
    /// Answers a request, on a worker: it may block, and several run at a time.
    using Handler = std::function<Response(const Request&)>;
    /// Is told of a client with which TLS did not come about, and why; on the loop thread.
    using TlsFailure = std::function<void(base::Endpoint peer, const std::string& why)>;

    /// Whether a request shows a credential that is valid now; on the loop thread, so without
    /// waiting for anything.
    using PhoneOf = std::function<std::optional<base::Mac>(const Request&)>;

    /// The answer that needs nothing to be waited for, or nothing, and then nothing was done; on
    /// the loop thread.
    using AtHand = std::function<std::optional<Response>(const Request&)>;

    Http(base::Loop& loop, HttpLimits limits, Handler handler);
    ~Http(); ///< closes all; from the loop thread or after the loop stopped
    Http(const Http&) = delete;
    Http& operator=(const Http&) = delete;

    /// Listens on exactly these, closing what is no longer among them; port 0 = any. Returns what
    /// went wrong, one error for each that could not be opened; the others work. Loop thread, as
    /// are the next seven.
    std::vector<base::Error> listen(const std::vector<base::Endpoint>& plain,
                                    const std::vector<base::Endpoint>& with_tls = {});
    std::vector<base::Endpoint> listening() const; ///< with the ports the system chose
    std::vector<base::Endpoint> listening_with_tls() const;
    /// For connections that come from now on; those that are there keep what they have.
    void tls(std::shared_ptr<const TlsContext> context);
    void on_tls_failure(TlsFailure told);
    /// Another host is at this address than before: who was connected from there is not answered.
    void hang_up(base::Ipv4 address);
    /// A phone's requests are answered though its address had its share: phones sit behind one
    /// address with whoever scans us from there.
    void let_through(PhoneOf phone_of);
    /// Tried first: what is at hand costs the loop less than a worker's turn.
    void at_hand(AtHand answers);
    HttpCounters counters() const; ///< from any thread

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace serve
