// SPDX-License-Identifier: MIT
// What reaches the phone's ports while it waits for something, and what it answers.
#include "module/phone/phone.hpp"

#include "module/phone/url.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

#include <poll.h>

namespace phone {

namespace {

constexpr std::string_view allow = "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,INFO\r\n";

int milliseconds_until(base::Steady when) {
    using namespace std::chrono;
    const auto left = ceil<milliseconds>(when - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

} // namespace

std::vector<int> Phone::descriptors() {
    std::vector<int> list;
    if (stop_fd_ >= 0 && !stopped_) { // it stays readable
        list.push_back(stop_fd_);
    }
    list.push_back(pnp_->fd());
    for (const auto* port : lines_.ports()) {
        list.push_back(port->fd());
    }
    if (contact_port_) {
        list.push_back(contact_port_->fd());
    }
    if (settings_.commands_fd >= 0 && !agenda_.commands_over) {
        list.push_back(settings_.commands_fd);
    }
    if (const auto sound = calls_.sound_fd()) {
        list.push_back(*sound);
    }
    return list;
}

void Phone::wait_until(base::Steady when) {
    std::vector<pollfd> watched;
    for (const int fd : descriptors()) {
        watched.push_back({fd, POLLIN, 0});
    }
    poll(watched.data(), watched.size(), milliseconds_until(when));
    hear();
}

bool Phone::hear() {
    if (stop_fd_ >= 0) {
        pollfd stop{stop_fd_, POLLIN, 0};
        stopped_ = stopped_ || poll(&stop, 1, 0) > 0;
    }
    hear(*pnp_);
    for (auto* port : lines_.ports()) {
        hear(*port);
    }
    calls_.hear(std::chrono::steady_clock::now());
    if (workpoint_) {
        hear_contact_me();
        hear_commands();
    }
    return !stopped_;
}

void Phone::hear(UdpPort& port) {
    while (const auto datagram = port.receive()) {
        const auto message = read_message(datagram->bytes);
        if (!message) {
            trace_.step("{} bytes ← {}, not understood: {}", datagram->bytes.size(),
                        datagram->from.str(), message.error().what);
        } else if (message->is_answer()) {
            on_answer(*message, datagram->from);
        } else {
            on_request(port, *message, datagram->from);
        }
    }
}

void Phone::on_answer(const Message& answer, base::Endpoint from) {
    const auto now = std::chrono::steady_clock::now();
    if (lines_.on_answer(answer, from, now) || calls_.on_answer(answer, from, now)) {
        return;
    }
    if (!subscription_ || !subscription_->owns_answer(answer)) {
        trace_.step("{} {} ← {}, belongs to nothing", answer.status, base::printable(answer.reason),
                    from.str());
        return;
    }
    if (answer.status < 200) {
        return;
    }
    asking_->stop();
    if (answer.status >= 300) {
        trace_.step("{} {} ← {}, ignored", answer.status, base::printable(answer.reason),
                    from.str());
        report_.errors_ignored.push_back({answer.status, from.str()});
        return;
    }
    ++report_.ok_received;
    if (!subscription_->has_ok()) {
        report_.ok_from = from.str();
        subscription_->on_ok(answer);
        trace_.step("{} {} ← {}", answer.status, base::printable(answer.reason), from.str());
        if (report_.notify_checks && !subscription_->ok_fits_notify()) {
            report_.notify_checks->in_dialog = false;
            trace_.step("  its To tag is not the NOTIFY's From tag");
        }
    } else if (subscription_->is_same_dialog(answer)) {
        trace_.step("{} {} ← {}, again", answer.status, base::printable(answer.reason), from.str());
    } else {
        trace_.step("{} {} ← {}, a second PnP server on this network", answer.status,
                    base::printable(answer.reason), from.str());
    }
}

/// From somebody this line does not listen to.
bool Phone::is_foreign(const UdpPort& port, base::Endpoint from) const {
    const auto seat = lines_.seat_of(port);
    return seat && seat->account.hears_server_only && seat->hop.address != from.address;
}

void Phone::on_request(UdpPort& port, const Message& request, base::Endpoint from) {
    if (is_foreign(port, from)) {
        trace_.step("{} ← {}, dropped: not the line's server", base::printable(request.method, 20),
                    from.str());
        return;
    }
    if (const auto* known = answers_.find(request)) {
        trace_.step("{} ← {}, a retransmission", base::printable(request.method, 20), from.str());
        static_cast<void>(port.send(*known, answer_target(request, from)));
        return;
    }
    if (request.method == "NOTIFY" && vendor_.is_workpoint) {
        trace_.step("NOTIFY ← {}, which this phone does not obey", from.str());
        reply(port, request, from, 489, "Bad Event");
        return;
    }
    if (request.method == "NOTIFY") {
        vendor_.provisioning == nullptr ? on_notify(port, request, from)
                                        : on_resync(port, request, from);
        return;
    }
    if (calls_.on_request(request, from, std::chrono::steady_clock::now()) ||
        request.method == "ACK") { // never answered
        return;
    }
    trace_.step("{} ← {}", base::printable(request.method, 20), from.str());
    if (request.method == "OPTIONS") {
        reply(port, request, from, 200, "OK", allow);
    } else if (request.method == "INVITE" && !parameter(request.header("To"), "tag")) {
        on_invite(port, request, from);
    } else if (request.method == "CANCEL" || parameter(request.header("To"), "tag")) {
        reply(port, request, from, 481, "Call/Transaction Does Not Exist");
    } else {
        reply(port, request, from, 405, "Method Not Allowed", allow);
    }
}

void Phone::on_notify(UdpPort& port, const Message& notify, base::Endpoint from) {
    const auto event = notify.header("Event");
    const auto package = main_value(event);
    if (base::iequals(package, "ua-profile")) {
        on_profile(port, notify, from);
        return;
    }
    trace_.step("NOTIFY ← {}, Event {}", from.str(), base::printable(event, 60));
    if (!base::iequals(package, "check-sync") && !base::iequals(package, "resync")) {
        reply(port, notify, from, 489, "Bad Event",
              "Allow-Events: talk,hold,conference,refer,check-sync\r\n");
        return;
    }
    reply(port, notify, from, 200, "OK");
    ++report_.resyncs;
    if (!settings_.stays) {
        trace_.step("  not obeyed without --stay");
        return;
    }
    const bool restart = base::iequals(parameter(event, "reboot").value_or(""), "true");
    order_ = restart || order_ == Order::restart ? Order::restart : Order::fetch;
}

void Phone::on_profile(UdpPort& port, const Message& notify, base::Endpoint from) {
    const auto url = notified_url(notify);
    trace_.step("NOTIFY ← {}, URL {}", from.str(), shorten_url(url));
    ++report_.notify_received;
    if (!listening_) {
        trace_.step("  nothing waits for it");
        reply(port, notify, from, 481, "Subscription Does Not Exist");
        return;
    }
    reply(port, notify, from, 200, "OK");
    asking_->stop(); // a NOTIFY says as much as the 200 it overtook
    report_.notify_from = from.str();
    const auto checks = subscription_->check(notify);
    report_.notify_checks = checks;
    const auto remark = [this](bool good, std::string_view text) {
        if (!good) {
            trace_.step("  a strict phone would mind: {}", text);
        }
    };
    remark(checks.in_dialog, "it is not in the dialog (Call-ID, tags swapped, the 200's tag)");
    remark(checks.event, "its Event is not ua-profile");
    remark(checks.terminated, "its Subscription-State is not terminated");
    remark(checks.content_type, "its Content-Type is not application/url");
    remark(checks.content_length, "its Content-Length is not its length");
    if (!is_fetchable(url)) {
        trace_.step("  no http or https URL in it");
        return;
    }
    offered_url_ = url;
    report_.url = shorten_url(url);
    listening_ = false;
}

void Phone::reply(UdpPort& port,
                  const Message& request,
                  base::Endpoint from,
                  int status,
                  std::string_view reason,
                  std::string_view more) {
    auto answer = write_answer(request, status, reason, from, to_tag_, more);
    const auto target = answer_target(request, from);
    trace_.step("{} {} → {}", status, reason, target.str());
    static_cast<void>(port.send(answer, target));
    answers_.keep(request, std::move(answer));
}

} // namespace phone
