// SPDX-License-Identifier: MIT
#include "module/phone/report.hpp"

namespace phone {

namespace {

using base::Json;

Json checks_json(const NotifyChecks& checks) {
    return Json::object({{"notify_in_dialog", checks.in_dialog},
                         {"event_ua_profile", checks.event},
                         {"subscription_terminated", checks.terminated},
                         {"content_type_url", checks.content_type},
                         {"content_length_exact", checks.content_length}});
}

Json walk_json(const std::vector<Report::Request>& walk) {
    auto list = Json::array();
    for (const auto& request : walk) {
        list.push(Json::object({{"name", request.name},
                                {"status", request.status},
                                {"bytes", std::uint64_t{request.bytes}},
                                {"sha256", request.sha256}}));
    }
    return list;
}

Json firmware_json(const FirmwareUpdate& firmware) {
    return Json::object({{"version", firmware.version},
                         {"requests", firmware.requests},
                         {"bytes", std::uint64_t{firmware.bytes}},
                         {"sha256", firmware.sha256},
                         {"problem", firmware.problem}});
}

Json texts_json(const std::vector<std::string>& texts) {
    auto list = Json::array();
    for (const auto& text : texts) {
        list.push(text);
    }
    return list;
}

Json line_json(const Report::Line& line) {
    return Json::object({{"line", line.line},
                         {"user", line.user},
                         {"display_name", line.display_name},
                         {"server", line.server},
                         {"password", line.has_password ? "set" : "missing"},
                         {"registered", line.registered},
                         {"status", line.status},
                         {"reason", line.reason}});
}

Json call_json(const Report::Call& call) {
    return Json::object({{"number", call.number},
                         {"direction", call.direction},
                         {"answered", call.answered},
                         {"status", call.status},
                         {"reason", call.reason},
                         {"milliseconds", std::int64_t{call.stood_for.count()}},
                         {"codec", call.codec},
                         {"rtp_sent", call.rtp_sent},
                         {"rtp_received", call.rtp_received},
                         {"rtp_lost", call.rtp_lost},
                         {"rtp_to", call.rtp_to},
                         {"rtp_from", call.rtp_from},
                         {"reinvites", call.reinvites},
                         {"ended_by", call.ended_by}});
}

} // namespace

std::string_view exit_name(Exit exit) noexcept {
    switch (exit) {
    case Exit::configured:
        return "configured";
    case Exit::usage:
        return "usage";
    case Exit::no_answer:
        return "no_answer";
    case Exit::held:
        return "held";
    case Exit::no_file:
        return "no_file";
    case Exit::not_registered:
        return "not_registered";
    case Exit::boot_loop:
        return "boot_loop";
    case Exit::local_problem:
        return "local_problem";
    case Exit::not_answered:
        return "not_answered";
    case Exit::no_sound:
        return "no_sound";
    case Exit::untrusted:
        return "untrusted";
    }
    return "";
}

Json Report::json() const {
    auto refusals = Json::array();
    for (const auto& refusal : errors_ignored) {
        refusals.push(Json::object({{"status", refusal.status}, {"from", refusal.from}}));
    }
    auto requests = Json::array();
    for (const auto& walk : walks) {
        requests.push(walk_json(walk));
    }
    auto lines = Json::array();
    for (const auto& line : accounts) {
        lines.push(line_json(line));
    }
    return Json::object({{"vendor", vendor},
                         {"model", model},
                         {"mac", mac},
                         {"address", address},
                         {"subscribe_sent", subscribe_sent},
                         {"transmissions", transmissions},
                         {"ok_received", ok_received},
                         {"ok_from", ok_from},
                         {"errors_ignored", refusals},
                         {"notify_received", notify_received},
                         {"notify_from", notify_from},
                         {"notify_checks", notify_checks ? checks_json(*notify_checks) : Json()},
                         {"url", url},
                         {"requests", requests},
                         {"unknown_names", texts_json(unknown_names)},
                         {"faults", texts_json(faults)},
                         {"firmware", firmware ? firmware_json(*firmware) : Json()},
                         {"workpoint", workpoint ? workpoint->json() : Json()},
                         {"restarts", restarts},
                         {"accounts", lines},
                         {"resyncs", resyncs},
                         {"calls", std::uint64_t{calls.size()}},
                         {"call", calls.empty() ? Json() : call_json(calls.back())},
                         {"unregistered", unregistered},
                         {"outcome", exit_name(exit)},
                         {"message", message},
                         {"exit_status", static_cast<int>(exit)}});
}

} // namespace phone
