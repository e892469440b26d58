// SPDX-License-Identifier: MIT
// The rows of `status`.
#include "module/engine.hpp"

#include "module/neighbour_status.hpp"
#include "provisioning/base/text.hpp"

#include <fmt/ranges.h>

#include <unistd.h>

namespace engine {

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view otherwise) {
    return words.empty() ? std::string(otherwise) : fmt::format("{}", fmt::join(words, ", "));
}

} // namespace

std::vector<admin::Reach::StatusRow> Engine::status() const {
    Seen seen;
    Settings settings;
    std::vector<pnp::Rival> rivals;
    std::map<base::Mac, std::vector<std::string>> unwatched;
    {
        const std::lock_guard lock(mutex_);
        unwatched = unwatched_;
        rivals = rivals_;
        seen = seen_;
        settings = settings_;
    }
    std::vector<admin::Reach::StatusRow> rows;
    const auto say = [&](std::string name, std::string value, bool is_problem = false) {
        rows.push_back({std::move(name), std::move(value), is_problem});
    };
    say("version", fmt::format("PBX PnP {} in {}", PNP_VERSION,
                               host_.name != nullptr ? host_.name : "an unnamed host"));
    say("running", base::format_duration(
                       std::chrono::milliseconds((clock_.unix_ms() - started_) / 1000 * 1000)));
    std::vector<std::string> names;
    for (const auto& row : seen.served) {
        names.push_back(fmt::format("{} {}/{}", row.name, row.address.str(), row.prefix));
    }
    say("interfaces", joined(names, "none"), names.empty());
    const bool is_off = settings.pnp.receive == pnp::Receive::off;
    say("SIP group",
        fmt::format("{} {}", settings.pnp.group.str(),
                    is_off             ? "is not heard (receive = off)"
                    : seen.hears_group ? "is heard"
                                       : "is NOT heard"),
        !seen.hears_group && !is_off);
    std::vector<std::string> listening;
    for (const auto& endpoint : seen.listening) {
        listening.push_back("http://" + endpoint.str());
    }
    for (const auto& endpoint : seen.listening_with_tls) {
        listening.push_back("https://" + endpoint.str());
    }
    say("files", joined(listening, "not served"), listening.empty());
    std::vector<std::string> by_tftp;
    for (const auto& endpoint : seen.listening_by_tftp) {
        by_tftp.push_back("tftp://" + endpoint.str());
    }
    say("TFTP", settings.tftp ? joined(by_tftp, "not served") : "off",
        settings.tftp && by_tftp.empty());
    for (auto& row : workpoints_->status()) {
        rows.push_back(std::move(row));
    }
    say("metrics", seen.metrics);
    say("database",
        settings.data + "/pnp.sqlite3" +
            (is_in_memory(settings.data) ? ", in memory: gone when this machine starts again"
                                         : ""));
    say("control", settings.control.empty() ? "none" : settings.control);
    if (!settings.dhcp_control.empty()) {
        say("DHCP control", settings.dhcp_control);
    }
    say("configuration", config_file_.empty() || ::access(config_file_.c_str(), F_OK) != 0
                             ? "built-in defaults"
                             : config_file_);
    const auto sip = pnp_->counters();
    say("SUBSCRIBE",
        fmt::format("{} understood, {} repeated, {} malformed, {} not ours, {} from "
                    "outside, {} over the limit, {} dropped by the kernel",
                    sip.subscribes, sip.retransmissions, sip.malformed, sip.not_ours,
                    sip.foreign_source, sip.limited + sip.table_full, sip.kernel_drops));
    say("NOTIFY", fmt::format("{} offered, {} accepted, {} failed, {} phones wait", sip.offers,
                              sip.notify_accepted, sip.notify_failed, sip.held));
    const auto http = http_->counters();
    say("HTTP",
        fmt::format("{} requests, {} bad, {} timed out, {} connections refused, {} open, {} "
                    "made room, {} told to come again later",
                    http.requests, http.bad_requests, http.timeouts, http.refused_connections,
                    http.open, http.evicted, http.limited + http.overloaded));
    if (settings.tftp) {
        const auto tftp = tftp_->counters();
        say("TFTP requests",
            fmt::format("{} understood, {} complete, {} timed out, {} ended by clients, {} made "
                        "room, {} open, {} not found, {} wanted to write, {} malformed, {} to "
                        "others' transfers, {} from outside, {} over the limit",
                        tftp.requests, tftp.complete, tftp.timeouts, tftp.aborted, tftp.evicted,
                        tftp.open, tftp.not_found, tftp.writes, tftp.malformed, tftp.foreign,
                        tftp.outside, tftp.limited));
    }
    const auto files = files_->counters();
    say("refusals",
        fmt::format("{} from outside, {} unapproved, {} without a token, {} with an old one, {} "
                    "with another's, {} from another MAC, {} without a token refused at /boot",
                    files.outside, files.unapproved, files.no_token, files.old_token,
                    files.foreign_token, files.neighbour, files.boots_refused));
    const auto [slowed, shut_out] = serve::Files::count(penalties());
    say("penalties", fmt::format("{} slowed, {} shut out", slowed, shut_out));
    say("HTTPS", fmt::format("{} handshakes, {} failed", http.handshakes, http.tls_failures));
    const auto store = inventory_->counters();
    say("strangers", fmt::format("{} dropped over max_heard", store.strangers_dropped));
    if (store.flush_failures > 0) {
        say("disk",
            fmt::format("{} times the timeline could not be written{}; see the log",
                        store.flush_failures, store.flush_fails ? "" : ", now it can"),
            store.flush_fails);
    }
    const auto now = inventory_->now();
    const auto devices = now.devices();
    const auto approved = std::count_if(devices.begin(), devices.end(),
                                        [](const auto* device) { return device->is_approved(); });
    for (auto& row : describe({settings.neighbour_check, neighbours_->is_followed(),
                               neighbours_->size(), static_cast<std::size_t>(approved),
                               base::Neighbours::kernel_limit(), sip.mismatches})) {
        rows.push_back(std::move(row));
    }
    if (!unwatched.empty()) {
        const auto& [mac, numbers] = *unwatched.begin();
        say("keys",
            fmt::format("those of {} phones watch numbers that have no hint, such as {} on {}: pnp "
                        "explain {}",
                        unwatched.size(), numbers.front(), mac.str(), mac.str()),
            true);
    }
    if (const auto fleet = fleet_->report(); fleet && !inventory::is_over(*fleet)) {
        const auto waiting =
            std::count_if(fleet->phones.begin(), fleet->phones.end(),
                          [](const auto& phone) { return inventory::is_waiting(phone.state); });
        say("resync", fmt::format("{} of {} phones wait for their turn: pnp show resync", waiting,
                                  fleet->phones.size()));
    }
    for (const auto& rival : rivals) {
        say("rival", rival.sentence() + " (as `pnp probe` found last)", true);
    }
    for (const auto& problem : seen.problems) {
        say("problem", problem, true);
    }
    for (const auto& problem : code_problems()) {
        say("problem", problem, true);
    }
    for (const auto& problem : extensions_->problems()) {
        say("problem", problem, true);
    }
    return rows;
}
} // namespace engine
