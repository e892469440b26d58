// SPDX-License-Identifier: MIT
// Any bytes on a connection of the HTTP server, cut anywhere: requests one behind the other with
// their bodies. What it answers is one whole answer for each request, and the connection ends.
// rooms: serve
#include "provisioning/base/log.hpp"
#include "provisioning/serve/http.hpp"
#include "tests/fuzz/demand.hpp"
#include "tests/serve/client.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

using serve::Request;
using serve::Response;

constexpr char cut = '\xff'; // between two pieces, each of which is sent by itself
constexpr std::uint8_t some_at_hand = 1;
constexpr std::uint8_t takes_bodies = 2;

/// What one connection sends and hears.
struct Talk {
    std::string sent;
    std::string heard;
    int asked = 0; ///< requests that came to the handler
};

Response answer(Talk& talk, const Request& request) {
    ++talk.asked;
    demand(talk.sent.find(request.body) != std::string::npos);
    Response response;
    response.status = 200;
    response.content_type = "text/plain";
    response.body = std::make_shared<const std::string>(request.body + "x");
    response.fields = {{"X-Method", request.method}};
    response.ends_connection = request.path == "/end";
    return response;
}

/// A server that lives as long as the process; each connection comes from another address.
class Server {
  public:
    explicit Server(std::uint64_t posted_bytes)
        : http_(loop_, limits(posted_bytes), [this](const Request& request) {
              return answer(*talk_, request);
          }) {
        http_.at_hand([this](const Request& request) {
            return some_at_hand_ && request.path == "/" ? std::optional(answer(*talk_, request))
                                                        : std::nullopt;
        });
        base::log::set_level("", base::log::Level::error);
        demand(http_.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}).empty());
    }

    Talk serve(std::string_view text, bool with_some_at_hand) {
        Talk talk;
        talk_ = &talk;
        some_at_hand_ = with_some_at_hand;
        const base::Ipv4 source{INADDR_LOOPBACK + (++connections_ % 0xfffff0)};
        serve_test::Client client(loop_, http_.listening().front(), source);
        for (bool is_last = false; !is_last;) {
            const auto end = text.find(cut);
            is_last = end == text.npos;
            const std::string_view piece = text.substr(0, end);
            text.remove_prefix(is_last ? text.size() : end + 1);
            talk.sent += piece;
            client.send(piece);
            while (loop_.step()) {
            }
        }
        client.end_of_sending();
        demand(serve_test::until(loop_,
                                 [&] { return client.is_over() && http_.counters().open == 0; }));
        talk.heard = client.waiting();
        talk_ = nullptr;
        return talk;
    }

  private:
    static serve::HttpLimits limits(std::uint64_t posted_bytes) {
        serve::HttpLimits out;
        out.posted_bytes = posted_bytes;
        out.rates = {1e9, 1e9, 1};
        return out;
    }

    base::Loop loop_;
    serve::Http http_;
    Talk* talk_ = nullptr;
    bool some_at_hand_ = false;
    std::uint32_t connections_ = 0;
};

/// Takes one answer from the front; how many bytes of body it says it has.
void take_answer(std::string_view& heard, bool& is_last, int& served) {
    demand(heard.substr(0, 9) == "HTTP/1.1 " && heard.size() > 12);
    const auto end = heard.find("\r\n\r\n");
    demand(end != heard.npos);
    const std::string_view head = heard.substr(0, end + 2);
    heard.remove_prefix(end + 4);
    const auto has = [&](std::string_view line) { return head.find(line) != head.npos; };
    served += has("\r\nX-Method: ") ? 1 : 0;
    is_last = has("\r\nConnection: close\r\n");
    if (has("\r\nX-Method: HEAD\r\n") || head.substr(9, 3) == "304" || head.substr(9, 3) == "100") {
        return;
    }
    constexpr std::string_view length = "\r\nContent-Length: ";
    const auto at = head.find(length);
    demand(at != head.npos && head.find(length, at + 1) == head.npos);
    const auto bytes = std::strtoul(head.data() + at + length.size(), nullptr, 10);
    demand(bytes <= heard.size());
    heard.remove_prefix(bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server files(0);
    static Server messages(1000);
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    Server& server = (data[0] & takes_bodies) != 0 ? messages : files;
    const Talk talk = server.serve(text, (data[0] & some_at_hand) != 0);
    std::string_view heard = talk.heard;
    bool is_last = false;
    int served = 0;
    while (!heard.empty()) {
        demand(!is_last);
        take_answer(heard, is_last, served);
    }
    demand(served == talk.asked);
    return 0;
}
