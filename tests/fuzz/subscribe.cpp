// SPDX-License-Identifier: MIT
// Any bytes as a SUBSCRIBE: whatever is accepted is answered by exactly one sound message of each
// kind.
// rooms: pnp
#include "pnp/answered.hpp"
#include "pnp/identify.hpp"
#include "pnp/message.hpp"
#include "pnp/writer.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

/// A reader of its own, so that errors of ours do not cancel out: CRLF lines, `Name: value`, one
/// blank line, the body behind it. Returns the value of a header that must be there once.
std::string_view
only(std::string_view message, std::string_view name, std::size_t body, std::string_view start) {
    demand(message.substr(0, start.size()) == start);
    const std::size_t end = message.find("\r\n\r\n");
    demand(end != std::string_view::npos && message.size() - end - 4 == body);
    const std::string_view head = message.substr(0, end + 2);
    std::string_view value;
    int found = 0;
    for (std::size_t at = 0; at < head.size();) {
        const std::size_t stop = head.find("\r\n", at);
        const std::string_view line = head.substr(at, stop - at);
        demand(!line.empty());
        for (const char c : line) {
            demand(c != '\r' && c != '\n' && c != '\0' && c != '\x7f');
        }
        if (at != 0) {
            const std::size_t colon = line.find(": ");
            demand(colon != std::string_view::npos && colon > 0);
            if (line.substr(0, colon) == name) {
                value = line.substr(colon + 2);
                ++found;
            }
        }
        at = stop + 2;
    }
    demand(found == 1);
    return value;
}

void check(const std::string& message,
           const pnp::Subscribe& request,
           std::size_t body,
           std::string_view start) {
    demand(only(message, "Call-ID", body, start) == request.call_id);
    demand(only(message, "Content-Length", body, start) == std::to_string(body));
    only(message, "From", body, start);
    only(message, "To", body, start);
    only(message, "Contact", body, start);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto request = pnp::parse_subscribe(bytes);
    if (!request) {
        demand(!request.error().what.empty());
        return 0;
    }
    // Nothing is taken for whole before the blank line: with CRLF or with bare LF ends.
    demand(bytes.find("\n\r\n") != std::string_view::npos ||
           bytes.find("\n\n") != std::string_view::npos);
    pnp::find_mac(*request);
    pnp::transaction_key(*request, base::Ipv4{0xC0000259});

    const pnp::Naming naming{
        0x5f1c09d2, {base::Ipv4{0xC000020A}, 5059}, {base::Ipv4{0xC0000259}, 60000}};
    const std::string ok = pnp::write_ok(*request, naming);
    check(ok, *request, 0, "SIP/2.0 200 OK\r\n");
    demand(only(ok, "From", 0, "") == request->from);
    demand(only(ok, "CSeq", 0, "") == request->cseq);
    demand(only(ok, "To", 0, "") == request->to + ";tag=pnp-5f1c09d2");

    pnp::Offer offer;
    offer.url = base::Secret("http://192.0.2.10:5480/p/9k3v7q/");
    const std::size_t body = offer.url.size();
    for (const bool echo_event : {false, true}) {
        offer.echo_event = echo_event;
        for (const auto dialect : {profile::Dialect::standard, profile::Dialect::echo}) {
            const std::string notify = pnp::write_notify(*request, naming, offer, dialect);
            check(notify, *request, body, "NOTIFY ");
            only(notify, "Event", body, "");
            only(notify, "Subscription-State", body, "");
            demand(notify.substr(0, notify.find("\r\n")).find(" SIP/2.0") != std::string::npos);
        }
    }
    return 0;
}
