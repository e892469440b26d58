// SPDX-License-Identifier: MIT
#include "pnp/rivals.hpp"

#include "pnp/frame.hpp"
#include "pnp/identify.hpp"
#include "pnp/message.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace pnp {
namespace {

constexpr std::size_t most_rivals = 50;
constexpr std::size_t longest_text = 80;

/// The host alone: user, password and path of somebody's URL are nobody's business.
std::string host_in(std::string_view url) {
    const auto scheme = url.find("://");
    url.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
    url = url.substr(0, url.find_first_of("/?#\r\n"));
    const auto user = url.rfind('@');
    url.remove_prefix(user == std::string_view::npos ? 0 : user + 1);
    return base::printable(base::trim(url), longest_text);
}

std::string_view body_of(std::string_view datagram) {
    const auto end = datagram.find("\r\n\r\n");
    return end == std::string_view::npos ? std::string_view() : datagram.substr(end + 4);
}

bool begins(std::string_view text, std::string_view with) noexcept {
    return text.substr(0, with.size()) == with;
}

} // namespace

std::string Rival::sentence() const {
    return fmt::format("{}{} answers phones on {}{}", address.str(),
                       user_agent.empty() ? "" : fmt::format(" ({})", user_agent), interface,
                       url_host.empty() ? "" : fmt::format(" and sends them to {}", url_host));
}

bool may_be_foreign(std::string_view datagram) noexcept {
    return begins(datagram, "NOTIFY ") || begins(datagram, "SIP/2.0 200");
}

std::optional<Foreign> read_foreign(std::string_view datagram) {
    if (!may_be_foreign(datagram)) {
        return std::nullopt;
    }
    const bool is_notify = begins(datagram, "NOTIFY ");
    const auto cut = frame(datagram);
    if (!cut) {
        return std::nullopt;
    }
    const std::string_view event = cut->first(Field::event);
    const std::string_view method = cut->first(Field::cseq);
    const bool is_ours = is_notify ? base::istarts_with(event, "ua-profile")
                                   : method.find("SUBSCRIBE") != std::string_view::npos;
    if (!is_ours) {
        return std::nullopt;
    }
    Foreign out;
    out.is_notify = is_notify;
    out.call_id = cut->first(Field::call_id);
    out.user_agent = base::printable(cut->first(Field::user_agent), longest_text);
    Subscribe names; // only what find_mac() reads
    names.uri = is_notify ? cut->start_line : std::string_view();
    names.to = cut->first(Field::to);
    names.from = cut->first(Field::from);
    out.mac = find_mac(names);
    if (is_notify) {
        out.url_host = host_in(body_of(datagram));
    }
    return out;
}

std::string write_probe(base::Endpoint local, base::Mac mac, std::string_view call_id) {
    const std::string uri = fmt::format("sip:MAC{}@224.0.1.75", mac.str());
    return fmt::format("SUBSCRIBE {0} SIP/2.0\r\n"
                       "Via: SIP/2.0/UDP {1};branch=z9hG4bK{2};rport\r\n"
                       "From: <{0}>;tag={2}\r\n"
                       "To: <{0}>\r\n"
                       "Call-ID: {2}\r\n"
                       "CSeq: 1 SUBSCRIBE\r\n"
                       "Contact: <sip:MAC{3}@{1}>\r\n"
                       "Max-Forwards: 70\r\n"
                       "User-Agent: Htek UC924 2.0.4.2\r\n"
                       "Expires: 0\r\n"
                       "Event: ua-profile;profile-type=\"device\";vendor=\"Htek\";model=\"UC924\";"
                       "version=\"2.0.4.2\"\r\n"
                       "Accept: application/url\r\n"
                       "Content-Length: 0\r\n\r\n",
                       uri, local.str(), call_id, mac.str());
}

bool Probe::heard(const Foreign& said, base::Ipv4 from) {
    const auto question =
        std::find_if(questions_.begin(), questions_.end(),
                     [&](const Question& each) { return each.call_id == said.call_id; });
    if (question == questions_.end()) {
        return false;
    }
    auto rival = std::find_if(rivals_.begin(), rivals_.end(), [&](const Rival& each) {
        return each.address == from && each.interface == question->interface;
    });
    if (rival == rivals_.end()) {
        if (rivals_.size() >= most_rivals) {
            return true;
        }
        rival = rivals_.insert(rival, {from, question->interface, {}, {}});
    }
    if (!said.user_agent.empty()) {
        rival->user_agent = said.user_agent;
    }
    if (!said.url_host.empty()) {
        rival->url_host = said.url_host;
    }
    return true;
}

} // namespace pnp
