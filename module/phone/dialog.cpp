// SPDX-License-Identifier: MIT
#include "module/phone/dialog.hpp"

#include "module/phone/address.hpp"
#include "module/phone/random.hpp"
#include "module/phone/udp.hpp"

namespace phone {

namespace {

std::string tag_of(std::string_view value) {
    return parameter(value, "tag").value_or("");
}

} // namespace

Dialog Dialog::towards(const Seat& seat, std::string_view number) {
    const auto server = uri_host(read_server(seat.account.server).value_or(HostPort{}));
    const auto user = escape_user(seat.account.user);
    Dialog dialog;
    dialog.call_id_ = fmt::format("{}@{}", random_hex(24), seat.local.address.str());
    dialog.near_tag_ = random_hex(15);
    dialog.near_ = fmt::format("{}<sip:{}@{}>;tag={}", quote_name(seat.account.display_name), user,
                               server, dialog.near_tag_);
    dialog.target_ = fmt::format("sip:{}@{}", escape_user(number), server);
    dialog.far_ = fmt::format("<{}>", dialog.target_);
    dialog.contact_uri_ = fmt::format("sip:{}@{}", user, seat.local.str());
    dialog.local_ = seat.local;
    dialog.hop_ = seat.hop;
    dialog.user_agent_ = seat.user_agent;
    return dialog;
}

Dialog Dialog::from(const Seat& seat, const Message& invite, std::string_view tag) {
    Dialog dialog;
    dialog.call_id_ = std::string(invite.header("Call-ID"));
    dialog.near_tag_ = std::string(tag);
    dialog.near_ = fmt::format("{};tag={}", invite.header("To"), tag);
    dialog.far_ = std::string(invite.header("From"));
    dialog.far_tag_ = tag_of(dialog.far_);
    // RFC 3261 12.1.1: for the one that was called, in the order they stand.
    for (const auto route : invite.each("Record-Route")) {
        dialog.routes_.emplace_back(route);
    }
    dialog.contact_uri_ =
        fmt::format("sip:{}@{}", escape_user(seat.account.user), seat.local.str());
    dialog.local_ = seat.local;
    dialog.hop_ = seat.hop;
    dialog.user_agent_ = seat.user_agent;
    dialog.is_confirmed_ = true;
    dialog.retarget(invite);
    return dialog;
}

std::string Dialog::request(std::string_view method,
                            unsigned cseq,
                            std::string_view branch,
                            std::string_view more,
                            std::string_view body) const {
    std::string routes;
    for (const auto& route : routes_) {
        routes += fmt::format("Route: {}\r\n", route);
    }
    return fmt::format("{} {} SIP/2.0\r\n"
                       "Via: SIP/2.0/UDP {};branch={}\r\n"
                       "{}From: {}\r\n"
                       "To: {}\r\n"
                       "Call-ID: {}\r\n"
                       "CSeq: {} {}\r\n"
                       "Max-Forwards: 70\r\n"
                       "User-Agent: {}\r\n"
                       "{}Content-Length: {}\r\n\r\n{}",
                       method, target_, local_.str(), branch, routes, near_, far_, call_id_, cseq,
                       method, user_agent_, more, body.size(), body);
}

std::string
Dialog::ack_of_refusal(unsigned cseq, std::string_view branch, const Message& refusal) const {
    auto copy = *this;
    copy.far_ = std::string(refusal.header("To"));
    return copy.request("ACK", cseq, branch);
}

void Dialog::confirm(const Message& ok) {
    far_ = std::string(ok.header("To"));
    far_tag_ = tag_of(far_);
    const auto routes = ok.each("Record-Route");
    routes_.assign(routes.rbegin(), routes.rend()); // the nearest stands last in the answer
    is_confirmed_ = true;
    retarget(ok);
}

void Dialog::retarget(const Message& message) {
    if (const auto contacts = message.each("Contact"); !contacts.empty()) {
        target_ = std::string(uri_of(contacts.front()));
    }
}

bool Dialog::owns(const Message& message) const {
    const auto ours = message.header(message.is_answer() ? "From" : "To");
    return message.header("Call-ID") == call_id_ && tag_of(ours) == near_tag_;
}

bool Dialog::owns_request(const Message& request) const {
    return owns(request) && tag_of(request.header("From")) == far_tag_;
}

std::string Dialog::contact() const {
    return fmt::format("Contact: <{}>\r\n", contact_uri_);
}

base::Endpoint Dialog::next_hop() const {
    if (!is_confirmed_) {
        return hop_;
    }
    const auto place =
        host_of(routes_.empty() ? std::string_view(target_) : uri_of(routes_.front()));
    if (!place) {
        return hop_;
    }
    const auto address = resolve(place->host);
    return address ? base::Endpoint{*address, place->port} : hop_;
}

} // namespace phone
