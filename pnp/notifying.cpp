// SPDX-License-Identifier: MIT
// Client transactions of RFC 3261 17.1.2, for NOTIFY over UDP.
#include "pnp/notifying.hpp"

#include "pnp/writer.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace pnp {
namespace {

constexpr std::chrono::milliseconds t1{500};
constexpr std::chrono::milliseconds t2{4000};

} // namespace

void Notifying::start(std::uint32_t id,
                      Notify notify,
                      int retries,
                      base::Steady now,
                      std::function<void(const NotifyEnd&)> ended) {
    abandon(id);
    Waiting& waiting = waiting_[id];
    waiting.notify = std::move(notify);
    waiting.ended = std::move(ended);
    waiting.give_up = now + transaction_life;
    waiting.interval = t1;
    waiting.retries = retries;
    // First, so that it ends even if there is no memory to send it with.
    schedule(id, waiting, now);
    context_.send(waiting.notify.path, waiting.notify.bytes);
}

void Notifying::abandon(std::uint32_t id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) {
        return;
    }
    deadlines_.clear(found->second.due);
    waiting_.erase(found);
}

void Notifying::keep(const std::function<bool(base::Ipv4 local)>& is_served) {
    std::vector<std::uint32_t> gone;
    for (const auto& [id, waiting] : waiting_) {
        if (!is_served(waiting.notify.path.local)) {
            gone.push_back(id);
        }
    }
    for (const std::uint32_t id : gone) {
        if (knows(id)) {
            end(id, {0, "the interface it was sent from is gone"});
        }
    }
}

bool Notifying::on_response(const Response& response, base::Ipv4 source) {
    const auto id = id_of_branch(response.branch);
    const auto found = id ? waiting_.find(*id) : waiting_.end();
    if (found == waiting_.end()) {
        return false;
    }
    const Notify& notify = found->second.notify;
    if (notify.branch != response.branch || notify.call_id != response.call_id ||
        notify.path.to.address != source || response.method != "NOTIFY") {
        return false;
    }
    if (response.status >= 200) {
        end(*id, {response.status, response.reason});
    }
    return true;
}

void Notifying::tick(base::Steady now) {
    while (const auto id = deadlines_.ripe(now)) {
        Waiting& waiting = waiting_.at(*id);
        if (now >= waiting.give_up) {
            end(*id, {0, "no answer within 32 s"});
            continue;
        }
        --waiting.retries;
        waiting.interval = std::min<base::Duration>(waiting.interval * 2, t2);
        schedule(*id, waiting, now);
        context_.send(waiting.notify.path, waiting.notify.bytes);
    }
}

void Notifying::schedule(std::uint32_t id, Waiting& waiting, base::Steady now) {
    const base::Steady repeat = now + waiting.interval;
    deadlines_.set(id, waiting.due,
                   waiting.retries > 0 ? std::min(repeat, waiting.give_up) : waiting.give_up);
}

void Notifying::end(std::uint32_t id, const NotifyEnd& how) {
    const auto ended = std::move(waiting_.at(id).ended);
    abandon(id);
    ended(how);
}

} // namespace pnp
