// SPDX-License-Identifier: MIT
// Random orders for a few phones, and a model of what they come to: told in other words than the
// inventory's own, so that what a database holds after an accident can be held against it.
#pragma once

#include "provisioning/inventory/workpoints.hpp"
#include "tests/inventory/fixture.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace inventory {

constexpr std::uint8_t most_boots = 3;
constexpr std::uint64_t phones = 3;

struct Order {
    enum Kind : std::uint8_t {
        approve,
        block,
        rotate,
        mint,
        use_newest,
        use_before,
        use_older,
        boot,
        contest,
        enrol,
        close,
        spend, ///< the phone's window
        add_job,
        end_job, ///< the oldest
        replace, ///< by the next phone
        flush,
        kinds
    };

    Kind kind = flush;
    std::uint8_t phone = 1;
    base::UnixMs until = 0; ///< a job's item has its name by this
};

inline std::string item_of(const Order& order) {
    return "item-" + std::to_string(order.until);
}

/// Of the phone's own enrolment; 0: it has none.
inline std::int64_t window_of(const Inventory& inventory, base::Mac phone) {
    const auto now = inventory.now();
    for (const auto& enrolment : now.enrolments()) {
        if (enrolment.mac == phone) {
            return enrolment.id;
        }
    }
    return 0;
}

/// Who takes the place of this one.
inline std::uint8_t heir_of(std::uint8_t phone) {
    return static_cast<std::uint8_t>(phone % phones + 1);
}

/// Those that have not ended; of equal items the last.
inline std::map<std::string, std::int64_t> jobs_of(const Inventory& inventory, base::Mac phone) {
    std::map<std::string, std::int64_t> open;
    for (const auto& job : inventory.workpoints().jobs(phone)) {
        if (!has_ended(job.state)) {
            open[job.items.begin()->first.name] = job.id;
        }
    }
    return open;
}

struct Answer {
    bool ok = false;
    std::array<char, 22> token{}; ///< of mint; zeros: none
};

inline Order random_order(std::mt19937& random, base::UnixMs now) {
    Order order;
    // Approvals and uses often, so that there is something to lose.
    const auto any = random() % (Order::kinds + 4U);
    order.kind = any < Order::kinds ? static_cast<Order::Kind>(any)
                 : any % 2 == 0     ? Order::approve
                                    : Order::mint;
    order.phone = static_cast<std::uint8_t>(1 + random() % phones);
    order.until = now + 1000 + static_cast<base::UnixMs>(random() % 100'000);
    return order;
}

inline Answer carry_out(Inventory& inventory, const Order& order) {
    const auto who = mac(order.phone);
    const auto before = inventory.now();
    const auto* known = before.device(who);
    const std::uint32_t newest = known != nullptr ? known->generation : 1;
    const auto applied = [&](const Change& change) {
        return Answer{inventory.apply({change}, "me").has_value(), {}};
    };
    switch (order.kind) {
    case Order::approve:
        return applied(Approve{who});
    case Order::block:
        return applied(Block{who});
    case Order::rotate:
        return applied(Rotate{who});
    case Order::mint: {
        Answer answer;
        const std::array<base::Mac, 1> macs = {who};
        if (const auto minted = inventory.mint_first_tokens(macs)) {
            answer.ok = true;
            std::copy(minted->front().begin(), minted->front().end(), answer.token.begin());
        }
        return answer;
    }
    case Order::use_newest:
        return {inventory.steady_used(who, newest).has_value(), {}};
    case Order::use_before:
        return {inventory.steady_used(who, newest - 1).has_value(), {}};
    case Order::use_older:
        return {inventory.steady_used(who, newest - 2).has_value(), {}};
    case Order::boot:
        return {inventory.count_boot(who, most_boots).has_value(), {}};
    case Order::contest:
        return {inventory.contest(who, "10.0.0.66", "somebody else").has_value(), {}};
    case Order::enrol:
        return applied(OpenEnrolment{{0, order.until, "", {}, who}});
    case Order::close:
        return applied(CloseEnrolments{});
    case Order::spend:
        return {inventory.workpoints().spend_window(who, window_of(inventory, who)).has_value(),
                {}};
    case Order::add_job: {
        const Job job{0, who, JobKind::read, {{{item_of(order)}, ""}}};
        return {inventory.workpoints().add(job, "me").has_value(), {}};
    }
    case Order::end_job: {
        const auto open = jobs_of(inventory, who);
        const auto id = open.empty() ? 0 : open.begin()->second;
        const auto end = [](Job& job) { job.state = JobState::done; };
        return {inventory.workpoints().update_job(id, end).has_value(), {}};
    }
    case Order::replace:
        return applied(Replace{who, mac(heir_of(order.phone)), true});
    case Order::flush:
    case Order::kinds:
        break;
    }
    inventory.workpoints().update(who, [](Workpoint& seen) { ++seen.contact_me_failures; });
    inventory.saw(who, at(0x0a000001));
    inventory.used(who, base::Ipv4{0x0a000001});
    return {inventory.flush().has_value(), {}};
}

/// What must be so after a list of orders.
class Life {
  public:
    Life() {
        for (std::uint64_t number = 1; number <= phones; ++number) {
            phones_[number]; // nobody has decided about it
        }
    }

    /// Whether the order must have been carried out.
    bool apply(const Order& order, const Answer& answer) {
        auto& phone = phones_[order.phone];
        const auto use = [&](std::uint32_t generation) {
            const bool is_newest = generation == phone.generation;
            if (!phone.approved || generation == 0 ||
                (!is_newest && !(phone.previous && generation + 1 == phone.generation))) {
                return false;
            }
            forget_first(phone);
            phone.confirmed = std::max(phone.confirmed, generation);
            if (is_newest) {
                phone.previous = false;
                phone.claim = phone.claim == Claim::granted ? Claim::settled : phone.claim;
            }
            return true;
        };
        switch (order.kind) {
        case Order::approve:
            phone.claim = phone.approved ? Claim::granted : Claim::settled;
            phone.approved = true;
            phone.boots = 0;
            return true;
        case Order::block:
            block(phone);
            return true;
        case Order::replace: {
            if (!phone.approved) {
                return false; // nobody here has lines
            }
            block(phone);
            auto& heir = phones_[heir_of(order.phone)];
            if (!heir.approved) {
                heir.approved = true;
                heir.claim = Claim::settled;
                heir.boots = 0;
            }
            return true;
        }
        case Order::rotate:
            if (phone.approved) {
                ++phone.generation;
                phone.previous = true;
            }
            return phone.approved;
        case Order::mint:
            if (phone.approved) {
                phone.first.emplace_back(answer.token.data(), answer.token.size());
                if (phone.first.size() > 8) {
                    dead_.push_back(phone.first.front());
                    phone.first.pop_front();
                }
            }
            return true;
        case Order::use_newest:
            return use(phone.generation);
        case Order::use_before:
            return use(phone.generation - 1);
        case Order::use_older:
            return use(phone.generation - 2);
        case Order::boot:
            if (!phone.approved || phone.boots >= most_boots) {
                return false;
            }
            ++phone.boots;
            return true;
        case Order::contest:
            phone.claim = phone.approved ? Claim::contested : phone.claim;
            return true;
        case Order::enrol:
            enrolments_[order.phone] = order.until;
            phone.spent = false;
            return true;
        case Order::close:
            enrolments_.clear();
            return true;
        case Order::spend:
            if (!phone.approved || phone.spent || enrolments_.count(order.phone) == 0) {
                return false;
            }
            phone.spent = true;
            return true;
        case Order::add_job:
            if (phone.approved) {
                phone.jobs.insert(item_of(order));
            }
            return phone.approved;
        case Order::end_job:
            if (phone.jobs.empty()) {
                return false;
            }
            phone.jobs.erase(phone.jobs.begin());
            return true;
        case Order::flush:
        case Order::kinds:
            break;
        }
        return true;
    }

    /// What differs in the database; empty: nothing.
    std::string differs(const Inventory& inventory) const {
        std::string out;
        const auto say = [&](std::uint64_t number, const char* what) {
            out += std::to_string(number) + ": " + what + "; ";
        };
        const auto now = inventory.now();
        auto counts = now.first_tokens(0);
        for (const auto& [number, phone] : phones_) {
            const auto* found = now.device(mac(number));
            Device device = found != nullptr ? *found : Device();
            device.mac = mac(number);
            if (device.is_approved() != phone.approved || device.generation != phone.generation ||
                device.confirmed != phone.confirmed || device.keeps_previous != phone.previous ||
                device.claim != phone.claim || device.boots != phone.boots) {
                out += fmt::format(
                    "{}: its row: approved {}, generation {}, confirmed {}, previous {}, claim {}, "
                    "boots {}, and not {} {} {} {} {} {}; ",
                    number, device.is_approved(), device.generation, device.confirmed,
                    device.keeps_previous, static_cast<int>(device.claim), device.boots,
                    phone.approved, phone.generation, phone.confirmed, phone.previous,
                    static_cast<int>(phone.claim), phone.boots);
            }
            std::set<std::string> jobs;
            for (const auto& [item, id] : jobs_of(inventory, mac(number))) {
                jobs.insert(item);
            }
            if (jobs != phone.jobs) {
                say(number, "its jobs");
            }
            if (enrolments_.count(number) != 0 &&
                inventory.workpoints().is_window_spent(
                    mac(number), window_of(inventory, mac(number))) != phone.spent) {
                say(number, phone.spent ? "its window is unspent" : "its window is spent");
            }
            for (const auto& token : phone.first) {
                if (token.front() != '\0' && !now.credential(token)) {
                    say(number, "a first token is lost");
                }
            }
            // One that was made and never told counts, too: with the ninth the oldest ends.
            if (counts[mac(number)] != phone.first.size()) {
                say(number, "the number of its first tokens");
            }
            for (std::uint32_t generation = 1; generation <= phone.generation; ++generation) {
                device.generation = generation;
                const bool is_alive =
                    phone.approved && (generation == phone.generation ||
                                       (phone.previous && generation + 1 == phone.generation));
                if (now.credential(inventory.steady_token(device)).has_value() != is_alive) {
                    say(number, is_alive ? "a steady token is lost" : "a steady token is undead");
                }
            }
        }
        for (const auto& token : dead_) {
            if (token.front() != '\0' && now.credential(token)) {
                out += "a first token is undead; ";
            }
        }
        std::map<std::uint64_t, base::UnixMs> open;
        for (const auto& enrolment : now.enrolments()) {
            open[enrolment.mac->number() - mac(0).number()] = enrolment.until;
        }
        if (open != enrolments_) {
            out += "enrolments; ";
        }
        return out;
    }

  private:
    struct Phone {
        bool approved = false;
        std::uint32_t generation = 1;
        std::uint32_t confirmed = 0;
        bool previous = false;
        Claim claim = Claim::settled;
        std::uint8_t boots = 0;
        std::deque<std::string> first;
        std::set<std::string> jobs; ///< the items of those that wait
        bool spent = false;         ///< its window, if it has one
    };

    void forget_first(Phone& phone) {
        dead_.insert(dead_.end(), phone.first.begin(), phone.first.end());
        phone.first.clear();
    }

    void block(Phone& phone) {
        forget_first(phone);
        if (phone.approved) {
            const auto generation = phone.generation + 1;
            const bool spent = phone.spent;
            phone = Phone();
            phone.generation = generation;
            phone.spent = spent;
        }
    }

    std::map<std::uint64_t, Phone> phones_;
    std::vector<std::string> dead_;
    std::map<std::uint64_t, base::UnixMs> enrolments_;
};

/// The last order may have been under way when the accident happened: then it is there or not.
inline std::string
differs(const Inventory& inventory, Life& told, const std::optional<Order>& last) {
    auto out = told.differs(inventory);
    if (out.empty() || !last) {
        return out;
    }
    auto with_it = told;
    with_it.apply(*last, {});
    auto then = with_it.differs(inventory);
    if (then.empty()) {
        told = with_it;
        return {};
    }
    return "without the last order: " + out + "with it: " + then;
}

} // namespace inventory
