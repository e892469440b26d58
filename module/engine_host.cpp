// SPDX-License-Identifier: MIT
// What the engine takes from the PBX around it, and tells it.
#include "module/engine.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/guest.hpp"

#include <array>
#include <exception>
#include <future>
#include <set>

#include <fmt/ranges.h>

namespace engine {

using base::Errc;
using base::fail;
using base::Result;

namespace log = base::log;

void Engine::offer_host() {
    inventory_->on_step([this](const inventory::Device& device, const inventory::Event& event) {
        fleet_->happened(device.mac, event);
        if (host_.step != nullptr) {
            tell_step(device, event);
        }
    });
    if (host_.find_account == nullptr) {
        return;
    }
    const auto may_own = [this](const std::string& number) -> base::Status {
        const auto rules = desk_->rules();
        if (rules->claims.has(number) && inventory_->now().extension(number) == nullptr) {
            return fail(Errc::conflict,
                        "{} is dialled to claim a phone or to release it (claim_code = {}, "
                        "release_code = {} in pnp.conf): choose another number",
                        number, rules->claims.claim, rules->claims.release);
        }
        // A guest is at home in no context: nobody calls it.
        return extensions_->fits(number, inventory::guest_of(number) ? std::string()
                                                                     : rules->extensions_context);
    };
    const auto list = [this](const dialplan::Directory::Visit& visit) {
        struct Visitor {
            const dialplan::Directory::Visit& visit;
            std::exception_ptr thrown; // not through the host's frames
        } visitor{visit, nullptr};

        if (host_.list_accounts != nullptr) {
            host_.list_accounts(
                host_.context,
                [](void* to, const char* number, const char* name) {
                    auto& each = *static_cast<Visitor*>(to);
                    try {
                        if (!each.thrown) {
                            each.visit(number, name);
                        }
                    } catch (...) {
                        each.thrown = std::current_exception();
                    }
                },
                &visitor);
        }
        if (visitor.thrown) {
            std::rethrow_exception(visitor.thrown);
        }
    };
    directory_->host([this](const std::string& number) { return host_account(number); }, may_own,
                     list);
    const auto numbers = [list] {
        std::set<std::string> all;
        list([&](const std::string& number, const std::string& /*name*/) { all.insert(number); });
        return all;
    };
    inventory_->host_numbers(
        [this](const std::string& number) { return host_account(number).has_value(); },
        host_.list_accounts != nullptr ? numbers : std::function<std::set<std::string>()>());
}

/// Several within a second are one.
void Engine::host_changed() {
    auto turn = looks_at_host_.begin();
    if (!turn) {
        return;
    }
    loop_->post([this, turn = std::move(turn)]() mutable {
        host_timer_->after(std::chrono::seconds(1), [this, turn = std::move(turn)]() mutable {
            loop_->work([this, turn = std::move(turn)]() mutable {
                turn.reset(); // what changes from now on wants another look
                extensions_->sync(*desk_->rules(), true);
            });
        });
    });
}

void Engine::put_codes() {
    const std::lock_guard one_at_a_time(putting_codes_);
    const auto rules = desk_->rules();
    if (host_.put_codes == nullptr) {
        std::string unused;
        {
            const std::lock_guard lock(mutex_);
            if (!settings_.claims.claim.empty()) {
                unused = "claim_code works inside Asterisk alone; take it out of pnp.conf, and "
                         "put extensions on phones with `pnp assign MAC EXT` or a pool";
            }
            codes_refused_ = unused;
        }
        if (!unused.empty()) {
            log::warn("engine", "phones cannot be claimed by dialling: {}", unused);
        }
        return;
    }
    const auto& codes = rules->claims;
    std::vector<const char*> emergency;
    for (const auto& number : codes.emergency) {
        emergency.push_back(number.c_str());
    }
    emergency.push_back(nullptr);
    const auto& on =
        codes.emergency_context.empty() ? rules->extensions_context : codes.emergency_context;
    const pnp_codes put{
        codes.claim.c_str(),          codes.release.c_str(), rules->extensions_context.c_str(),
        codes.guests_context.c_str(), emergency.data(),      on.c_str()};
    std::array<char, 512> why{};
    // Emergency numbers are put even so, and what else has room.
    std::string refused = code_clash(codes);
    if (host_.put_codes(host_.context, &put, why.data(), why.size()) != 0 && refused.empty()) {
        refused = why.data();
    }
    if (!refused.empty()) {
        log::error("engine", "phones cannot be claimed by dialling: {}", refused);
    }
    const std::lock_guard lock(mutex_);
    codes_refused_ = std::move(refused);
}

void Engine::drop_codes() {
    const std::lock_guard one_at_a_time(putting_codes_);
    if (host_.drop_codes != nullptr) {
        host_.drop_codes(host_.context);
    }
}

/// One may have been made before there was a code; it keeps its number.
std::string Engine::code_clash(const ClaimCodes& codes) const {
    if (host_.put_codes == nullptr) {
        return {};
    }
    const auto now = inventory_->now();
    for (const auto* extension : now.extensions()) {
        if (codes.has(extension->number)) {
            return fmt::format("extension {0} is in the way of claim_code = {1} and release_code = "
                               "{2}: write another code into pnp.conf, or remove it (pnp extension "
                               "remove {0}); then: pnp reload",
                               extension->number, codes.claim, codes.release);
        }
    }
    return {};
}

base::Result<std::string> Engine::claim_code() const {
    if (host_.put_codes == nullptr) {
        return fail(Errc::refused, "phones are claimed by dialling inside Asterisk only; give this "
                                   "one an extension: pnp assign MAC EXTENSION");
    }
    auto code = desk_->rules()->claims.claim;
    if (code.empty()) {
        return fail(Errc::refused, "nobody could claim it: write claim_code = *77 into [general] "
                                   "of pnp.conf, reload, and try again");
    }
    return code;
}

/// Asked anew each time: the PBX's dial plan may be read after ours, and again at any time.
std::vector<std::string> Engine::code_problems() const {
    std::vector<std::string> problems;
    {
        const std::lock_guard lock(mutex_);
        if (!codes_refused_.empty()) {
            problems.push_back("phones cannot be claimed by dialling: " + codes_refused_);
        }
    }
    const auto rules = desk_->rules();
    const auto& codes = rules->claims;
    const auto& on =
        codes.emergency_context.empty() ? rules->extensions_context : codes.emergency_context;
    for (const auto& number : codes.emergency) {
        if (!codes.claim.empty() && host_.has_number != nullptr &&
            host_.has_number(host_.context, on.c_str(), number.c_str()) == 0) {
            problems.push_back(
                fmt::format("guests cannot reach {}: context {} has no such number; set "
                            "emergency_context to one that has",
                            number, on));
        }
    }
    return problems;
}

Result<profile::Account> Engine::host_account(const std::string& number) const {
    pnp_account account{};
    std::array<char, 512> why{};
    const int found =
        host_.find_account(host_.context, number.c_str(), &account, why.data(), why.size());
    if (found != 0) {
        return fail(found == PNP_NONE ? Errc::not_found : Errc::refused, "{}", why.data());
    }
    profile::Account out{account.number, account.name, base::Secret(account.password), account.user,
                         account.context};
    ::explicit_bzero(&account, sizeof account);
    if (out.password.empty()) {
        return fail(Errc::refused, "extension {} has no password that a phone could use", number);
    }
    return out;
}

void Engine::tell_step(const inventory::Device& device, const inventory::Event& event) {
    if (device.approval == inventory::Approval::pending) {
        const std::lock_guard lock(telling_);
        if (!strangers_told_.take(clock_.now())) {
            return; // anybody can make strangers up
        }
    }
    const auto mac = device.mac.str();
    const auto lines = fmt::format("{}", fmt::join(device.lines, ","));
    const std::string step(inventory::name(event.step));
    const std::string state(device.state());
    const pnp_step told{mac.c_str(),   step.c_str(),          state.c_str(),
                        lines.c_str(), event.address.c_str(), event.detail.c_str()};
    host_.step(host_.context, &told);
}

void Engine::release_port(std::chrono::milliseconds patience) {
    auto released = std::make_shared<std::promise<void>>();
    auto done = released->get_future();
    loop_->post([this, released] {
        pnp_->release_group();
        released->set_value();
    });
    if (done.wait_for(patience) != std::future_status::ready) {
        log::error("engine", "the loop is busy and holds the group's port while the PBX opens its "
                             "own; if that fails, reload the PBX's transports once more");
    }
}

void Engine::take_port() {
    loop_->post([this] {
        pnp_->take_group();
        serve_again(); // what is wrong is told there, and in `status`
    });
}
} // namespace engine
