// SPDX-License-Identifier: MIT
#include "module/orders.hpp"

#include "provisioning/base/answer.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <chrono>
#include <new>

namespace engine {

namespace {

/// A window without a rule is as open as it can be, so it has an end as well.
constexpr std::size_t most_by_window = 300;

/// What failed fails again, and strangers ask often: so it is left alone for a while.
constexpr std::chrono::seconds patience{30};

/// Phones that are tried again at once when it may work; the others have to be plugged in again.
constexpr std::size_t most_waiting = 1000;

/// More lines than the audit keeps.
constexpr std::size_t most_audited = 1'000'000;

constexpr std::string_view rule_actor = "rule ";

/// Where neither a rule nor a window speaks of a phone, and guests have accounts.
constexpr std::string_view guest_actor = "unknown_phone";

constexpr std::size_t password_length = 20;

std::string giver_of(const Ruling& ruling) {
    if (!ruling.rule && !ruling.enrolment) {
        return std::string(guest_actor);
    }
    return ruling.rule
               ? fmt::format("{}{}", rule_actor, ruling.rule->name)
               : fmt::format("window {} until {}", ruling.enrolment->id, ruling.enrolment->until);
}

/// As the audit and the timelines name it.
std::string actor_of(const Ruling& ruling) {
    return ruling.rule || !ruling.enrolment ? giver_of(ruling) : "enrolment";
}

std::string sentence(const Ruling& ruling) {
    if (ruling.action == Action::guest) {
        return "it is made a guest";
    }
    if (!ruling.rule) {
        return "the open enrolment window approves it";
    }
    return ruling.action == Action::assign
               ? fmt::format("rule {} gives it the next free number of {}", ruling.rule->name,
                             ruling.rule->pool->str())
               : fmt::format("rule {} approves it", ruling.rule->name);
}

inventory::Change change_of(base::Mac mac, const Ruling& ruling) {
    if (ruling.action == Action::assign) {
        return inventory::AssignFromPool{mac, *ruling.rule->pool, true};
    }
    if (ruling.action == Action::guest) {
        // Without randomness it stays empty, and the change is refused.
        return inventory::MakeGuest{
            mac, base::random_password(password_length).value_or(base::Secret()), true};
    }
    return inventory::Approve{mac, true};
}

bool is_pending(const inventory::Snapshot& now, base::Mac mac) {
    const auto* device = now.device(mac);
    return device != nullptr && device->approval == inventory::Approval::pending;
}

/// Why it failed, without the phone that it failed for: the others wait for the same reason.
std::string without_phone(std::string_view why, base::Mac mac) {
    const auto named = mac.str() + ": ";
    const auto at = why.find(named);
    return std::string(at == why.npos ? why : why.substr(at + named.size()));
}

} // namespace

Orders::Orders(base::Loop& loop,
               inventory::Inventory& inventory,
               const base::Clock& clock,
               Again again)
    : loop_(loop), inventory_(inventory), clock_(clock), again_(std::move(again)) {}

Orders::~Orders() {
    *alive_ = false;
}

base::Status Orders::recall() {
    const auto lines = inventory_.audit(most_audited);
    if (!lines) {
        return tl::unexpected(lines.error());
    }
    for (const auto& line : *lines) {
        if (base::istarts_with(line.actor, rule_actor) || line.actor == guest_actor) {
            ++givers_[line.actor].approved;
        }
    }
    return {};
}

std::string Orders::approve(base::Mac mac, const Ruling& ruling) {
    const auto key = giver_of(ruling);
    auto& giver = givers_[key];
    if (under_way_.count(mac) != 0) {
        return while_under_way(giver, ruling);
    }
    if (giver.failure && clock_.now() < giver.failure->until) {
        if (giver.waiting.size() < most_waiting) {
            giver.waiting.insert(mac);
        }
        return giver.failure->reason;
    }
    const auto most = ruling.rule ? ruling.rule->most : most_by_window;
    if (giver.approved >= most) {
        return ruling.rule ? fmt::format("rule {} has approved {} phones, its most: assign an "
                                         "extension to this one yourself, or raise `most`",
                                         ruling.rule->name, giver.approved)
               : ruling.enrolment
                   ? fmt::format("the enrolment window has approved {} phones, its most: assign an "
                                 "extension to this one yourself, or open another window",
                                 giver.approved)
                   : fmt::format("{} phones were made guests without a rule, the most: pnp guest "
                                 "makes one of this phone, or write a [rule] with another `most`",
                                 giver.approved);
    }
    wishes_.push_back({mac, key, actor_of(ruling), change_of(mac, ruling)});
    ++giver.approved;
    under_way_.insert(mac);
    begin();
    return while_under_way(giver, ruling);
}

/// What failed is told until it is done: a timeline need not tell of each time that it is tried.
std::string Orders::while_under_way(const Giver& giver, const Ruling& ruling) {
    return giver.failure ? giver.failure->reason : sentence(ruling);
}

void Orders::begin() {
    if (busy_ || wishes_.empty()) {
        return;
    }
    std::shared_ptr<Wishes> batch;
    try {
        batch = std::make_shared<Wishes>();
        batch->swap(wishes_);
        order(batch);
        busy_ = true;
    } catch (const std::bad_alloc&) { // until the next tick
        if (batch) {
            wishes_.swap(*batch);
        }
    }
}

void Orders::order(const std::shared_ptr<Wishes>& batch) {
    loop_.work([this, batch, alive = alive_] {
        try {
            carry_out(*batch);
        } catch (const std::exception&) { // OpenSSL's too: those that still wait have failed
            look_at(*batch);
        }
        base::answer(loop_, [this, batch, alive] {
            if (*alive) {
                carried_out(*batch);
            }
        });
    });
}

/// On a worker.
void Orders::carry_out(Wishes& wishes) {
    {
        const auto now = inventory_.now();
        for (auto& wish : wishes) {
            // A person was faster, or it was dropped because too many strangers were heard.
            if (!is_pending(now, wish.mac)) {
                wish.outcome = Outcome::overtaken;
            }
        }
    }
    for (auto first = wishes.begin(); first != wishes.end();) {
        const auto last = std::find_if(
            first, wishes.end(), [&](const Wish& wish) { return wish.actor != first->actor; });
        carry_out_together(first, last);
        first = last;
    }
}

/// In one commit where that works, else each alone, so that one cannot spoil it for the others.
void Orders::carry_out_together(Wishes::iterator first, Wishes::iterator last) {
    std::vector<inventory::Change> changes;
    for (auto wish = first; wish != last; ++wish) {
        if (wish->outcome == Outcome::waits) {
            changes.push_back(wish->change);
        }
    }
    const bool all = changes.size() > 1 && inventory_.apply(changes, first->actor).has_value();
    for (auto wish = first; wish != last; ++wish) {
        if (wish->outcome != Outcome::waits) {
            continue;
        }
        auto done = all ? base::Status() : inventory_.apply({wish->change}, wish->actor);
        if (done) {
            wish->outcome = Outcome::done;
        } else if (!is_pending(inventory_.now(), wish->mac)) {
            wish->outcome = Outcome::overtaken; // by a person, between the look and the commit
        } else {
            wish->outcome = Outcome::failed;
            wish->why = std::move(done.error().what);
        }
    }
}

/// What was thrown behind the commit undoes nothing: who is approved counts.
void Orders::look_at(Wishes& wishes) const {
    const auto now = inventory_.now();
    for (auto& wish : wishes) {
        const auto* device = now.device(wish.mac);
        if (wish.outcome == Outcome::waits && device != nullptr && device->is_approved()) {
            wish.outcome = Outcome::done;
        }
    }
}

void Orders::carried_out(const Wishes& wishes) {
    busy_ = false;
    for (const auto& wish : wishes) { // what needs no memory goes first
        under_way_.erase(wish.mac);
        if (wish.outcome != Outcome::done) {
            --givers_[wish.giver].approved;
        }
    }
    std::vector<base::Mac> failed;
    for (const auto& wish : wishes) {
        auto& giver = givers_[wish.giver];
        if (wish.outcome == Outcome::done) {
            giver.failure.reset();
        } else if (wish.outcome != Outcome::overtaken) {
            const auto reason =
                fmt::format("{} cannot approve it: {}", wish.actor,
                            wish.outcome == Outcome::waits ? "there is no memory left"
                                                           : without_phone(wish.why, wish.mac));
            if (!giver.failure && lines_.take(clock_.now())) {
                base::log::warn("engine", "{} waits: {}", wish.mac.str(), reason);
            }
            giver.failure = Failure{reason, clock_.now() + patience};
            failed.push_back(wish.mac);
        }
    }
    if (!failed.empty()) {
        again_(failed); // so that their timelines say why
    }
    begin();
}

std::vector<base::Mac> Orders::hopeful() {
    std::vector<base::Mac> all;
    for (auto& [key, giver] : givers_) {
        all.insert(all.end(), giver.waiting.begin(), giver.waiting.end());
        giver.waiting.clear();
        giver.failure.reset();
    }
    return all;
}

void Orders::tick() {
    begin();
    const auto now = clock_.now();
    for (auto& [key, giver] : givers_) {
        if (!giver.waiting.empty() && !(giver.failure && now < giver.failure->until)) {
            again_({giver.waiting.begin(), giver.waiting.end()});
            giver.waiting.clear(); // they are decided upon later, and may have to wait again
        }
    }
}

std::size_t Orders::approved_by(const std::string& rule) const {
    const auto found = givers_.find(fmt::format("{}{}", rule_actor, rule));
    return found != givers_.end() ? found->second.approved : 0;
}

void Orders::contest(base::Mac mac, base::Ipv4 source, const std::string& detail) {
    if (!contested_.insert(mac).second) {
        return;
    }
    try {
        if (lines_.take(clock_.now())) {
            base::log::warn("engine", "two phones claim {}: {}", mac.str(), detail);
        }
        loop_.work([this, mac, source, detail, alive = alive_] {
            try {
                if (auto done = inventory_.contest(mac, source.str(), detail); !done) {
                    base::log::error("engine", "{}", done.error().what);
                }
            } catch (const std::exception&) { // whoever asks again contests it again
            }
            base::answer(loop_, [this, mac, alive] {
                if (*alive) {
                    contested_.erase(mac);
                }
            });
        });
    } catch (const std::bad_alloc&) {
        contested_.erase(mac);
    }
}

} // namespace engine
