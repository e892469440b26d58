// SPDX-License-Identifier: MIT
// Each message is one list of lines, in the order of the captures it was modelled on.
#include "pnp/writer.hpp"

#include "pnp/params.hpp"
#include "provisioning/base/text.hpp"

#include <charconv>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <iterator>
#include <system_error>
#include <utility>

namespace pnp {
namespace {

/// One header line, or the start line, from its pieces.
template <class... Pieces> void line(std::string& out, const Pieces&... pieces) {
    (out.append(std::string_view(pieces)), ...);
    out += "\r\n";
}

/// RFC 3581 section 4 and RFC 3261 18.2.1: fills rport, and says in `received` where the request
/// really came from. A `received` that the phone itself wrote is dropped.
std::string answered_via(const Subscribe& request, base::Endpoint source) {
    const std::string_view via = request.vias.front();
    std::string out;
    out.reserve(via.size() + 48);
    std::size_t copied = 0;
    Params params(via);
    while (const auto param = params.next()) {
        const bool rport = base::iequals(param->name, "rport");
        if (!rport && !base::iequals(param->name, "received")) {
            continue;
        }
        out.append(via.substr(copied, param->begin - copied));
        if (rport) {
            fmt::format_to(std::back_inserter(out), ";rport={}", source.port);
        }
        copied = param->end;
    }
    out.append(via.substr(copied));
    const auto sent_by = base::Ipv4::parse(request.via_host);
    if (request.wants_rport || sent_by != source.address) {
        fmt::format_to(std::back_inserter(out), ";received={}", source.address.str());
    }
    return out;
}

/// Kept for as long as a phone may ask again, by ten thousand phones at once: without spare room.
std::string fitted(std::string out) {
    out.shrink_to_fit();
    return out;
}

std::string hex8(std::uint32_t id) {
    return fmt::format(FMT_COMPILE("{:08x}"), id);
}

std::string tag(std::uint32_t id) {
    return "pnp-" + hex8(id);
}

std::string contact(base::Endpoint local) {
    return "<sip:pnp@" + local.str() + ">";
}

void body(std::string& out, const Offer& offer) {
    const base::Revealed revealed = offer.url.reveal();
    const std::string_view url = revealed;
    const std::string_view end = offer.ends_with_newline ? "\r\n" : "";
    if (offer.message_body) {
        line(out, "MessageBody: ", url);
    }
    line(out, "Content-Length: ", std::to_string(url.size() + end.size()));
    out += "\r\n";
    out += url;
    out += end;
}

/// RFC 6665 4.2.2: inside the dialog, From and To swapped, each with its tag.
std::string write_standard(const Subscribe& request, const Naming& naming, const Offer& offer) {
    std::string out;
    out.reserve(1000);
    if (request.contact_uri.empty()) {
        line(out, "NOTIFY sip:", naming.source.str(), " SIP/2.0");
    } else {
        line(out, "NOTIFY ", request.contact_uri, " SIP/2.0");
    }
    line(out, "Via: SIP/2.0/UDP ", naming.local.str(), ";branch=", notify_branch(naming.id),
         ";rport");
    // 20 as in Snom's own sample; 70 where the message is modelled on Grandstream's.
    line(out, "Max-Forwards: ", offer.message_body ? "70" : "20");
    line(out, "From: ", request.to, ";tag=", tag(naming.id));
    line(out, "To: ", request.from);
    line(out, "Call-ID: ", request.call_id);
    line(out, "CSeq: 1 NOTIFY");
    line(out, "Contact: ", contact(naming.local));
    line(out, "Event: ", offer.echo_event ? std::string_view(request.event) : "ua-profile");
    line(out, "Subscription-State: terminated;reason=timeout");
    line(out, "Content-Type: application/url");
    body(out, offer);
    return fitted(std::move(out));
}

/// The form of older responders, where the phone's own headers come back to it unchanged.
std::string write_echo(const Subscribe& request, const Naming& naming, const Offer& offer) {
    std::string out;
    out.reserve(1024);
    line(out, "NOTIFY sip:", naming.source.str(), " SIP/2.0");
    for (const std::string& via : request.vias) {
        line(out, "Via: ", via);
    }
    line(out, "Max-Forwards: 20");
    line(out, "Contact: ", contact(naming.local));
    line(out, "To: ", request.to);
    line(out, "From: ", request.from);
    line(out, "Call-ID: ", request.call_id);
    line(out, "CSeq: 3 NOTIFY");
    line(out, "Content-Type: application/url");
    line(out, "Subscription-State: terminated;reason=timeout");
    line(out, "Event: ", request.event);
    body(out, offer);
    return out;
}

} // namespace

std::string write_ok(const Subscribe& request, const Naming& naming) {
    std::string out;
    out.reserve(640);
    line(out, "SIP/2.0 200 OK");
    line(out, "Via: ", answered_via(request, naming.source));
    for (std::size_t i = 1; i < request.vias.size(); ++i) {
        line(out, "Via: ", request.vias[i]);
    }
    line(out, "From: ", request.from);
    line(out, "To: ", request.to, ";tag=", tag(naming.id));
    line(out, "Call-ID: ", request.call_id);
    line(out, "CSeq: ", request.cseq);
    line(out, "Contact: ", contact(naming.local));
    line(out, "Expires: 0"); // RFC 6665 4.2.1.2: never longer than asked, and one NOTIFY is all
    line(out, "Content-Length: 0");
    out += "\r\n";
    return fitted(std::move(out));
}

std::string notify_branch(std::uint32_t id) {
    return "z9hG4bKn-" + hex8(id) + "-1";
}

std::optional<std::uint32_t> id_of_branch(std::string_view branch) noexcept {
    const std::size_t dash = branch.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    std::uint32_t id = 0;
    const auto read =
        std::from_chars(branch.data() + dash + 1, branch.data() + branch.size(), id, 16);
    return read.ec == std::errc() ? std::optional(id) : std::nullopt;
}

std::string write_notify(const Subscribe& request,
                         const Naming& naming,
                         const Offer& offer,
                         profile::Dialect dialect) {
    return dialect == profile::Dialect::echo ? write_echo(request, naming, offer)
                                             : write_standard(request, naming, offer);
}

std::string resync_branch(std::uint32_t id) {
    return fmt::format("z9hG4bKcs-{:08x}", id);
}

std::string resync_call_id(const Resync& resync) {
    return fmt::format("cs-{:08x}-1@{}", resync.id, resync.local.address.str());
}

std::string write_resync(const Resync& resync) {
    std::string out;
    out.reserve(512);
    line(out, "NOTIFY sip:", resync.phone.str(), " SIP/2.0");
    line(out, "Via: SIP/2.0/UDP ", resync.local.str(), ";branch=", resync_branch(resync.id),
         ";rport");
    line(out, "Max-Forwards: 70");
    line(out, "From: <sip:pbx@", resync.local.address.str(), ">;tag=cs-", hex8(resync.id));
    line(out, "To: <sip:", resync.phone.str(), ">");
    line(out, "Call-ID: ", resync_call_id(resync));
    line(out, "CSeq: 1 NOTIFY");
    line(out, "Contact: <sip:pbx@", resync.local.str(), ">");
    line(out, "Event: ", resync.event);
    line(out, "Subscription-State: terminated");
    line(out, "Content-Length: 0");
    out += "\r\n";
    return out;
}

} // namespace pnp
