// SPDX-License-Identifier: MIT
#include "module/phone/wpi_report.hpp"

namespace phone {

namespace {

using base::Json;

Json counts_json(const std::map<std::string, int>& counts) {
    auto json = Json::object();
    for (const auto& [name, count] : counts) {
        json.set(name, count);
    }
    return json;
}

void add_to(std::map<std::string, int>& sum, const std::map<std::string, int>& more) {
    for (const auto& [name, count] : more) {
        sum[name] += count;
    }
}

} // namespace

Json WpiReport::json() const {
    return Json::object({{"interactions", interactions},
                         {"unreachable", unreachable},
                         {"wrong", wrong},
                         {"reasons", counts_json(counts.reasons)},
                         {"actions", counts_json(counts.actions)},
                         {"items_written", counts.items_written},
                         {"items_refused", counts.items_refused},
                         {"items_read", counts.items_read},
                         {"fragments", counts.fragments},
                         {"busy", counts.busy},
                         {"failed", counts.failed},
                         {"polls", polls},
                         {"polls_pending", polls_pending},
                         {"polls_failed", polls_failed},
                         {"contact_me_accepted", contact_me_accepted},
                         {"contact_me_ignored", contact_me_ignored},
                         {"contact_me_too_close", contact_me_too_close},
                         {"contact_me_wrong", contact_me_wrong},
                         {"contact_port_died", contact_port_died},
                         {"local_changes", local_changes},
                         {"files", files},
                         {"first_ms", std::int64_t{first.count()}}});
}

void WpiReport::add(const WpiReport& other) {
    add_to(counts.reasons, other.counts.reasons);
    add_to(counts.actions, other.counts.actions);
    counts.items_written += other.counts.items_written;
    counts.items_refused += other.counts.items_refused;
    counts.items_read += other.counts.items_read;
    counts.fragments += other.counts.fragments;
    counts.busy += other.counts.busy;
    counts.failed += other.counts.failed;
    interactions += other.interactions;
    unreachable += other.unreachable;
    wrong += other.wrong;
    polls += other.polls;
    polls_pending += other.polls_pending;
    polls_failed += other.polls_failed;
    contact_me_accepted += other.contact_me_accepted;
    contact_me_ignored += other.contact_me_ignored;
    contact_me_too_close += other.contact_me_too_close;
    contact_me_wrong += other.contact_me_wrong;
    contact_port_died = contact_port_died || other.contact_port_died;
    local_changes += other.local_changes;
    files += other.files;
}

} // namespace phone
