// SPDX-License-Identifier: MIT
// Copies the host's dial plan, and keeps the maps that were made of it.
#include "module/digit_maps.hpp"

#include "provisioning/base/log.hpp"

#include <exception>
#include <utility>

namespace engine {
namespace {

using base::Errc;
using base::fail;

constexpr auto plan_is_fresh = std::chrono::seconds(10);
constexpr auto lack_is_fresh = std::chrono::seconds(1);
constexpr const char* htek_factory = "{[x*]+}"; // the maker's guide to its dial plan

/// Takes over what the host tells. Nothing thrown goes through the host's frames.
class Copy {
  public:
    dialplan::NumberPlan of(const pnp_host& host) {
        const pnp_dialplan_visitor visitor{
            this,
            [](void* to, const char* name) {
                self(to).take([&](Copy& copy) { copy.context_ = &copy.plan_[name]; });
            },
            [](void* to, const char* number, const char* caller) {
                self(to).add([&](dialplan::PlanContext& context) {
                    context.numbers.push_back({number, caller});
                });
            },
            [](void* to, const char* context, const char* times) {
                self(to).add([&](dialplan::PlanContext& in) {
                    in.includes.push_back({context, times});
                });
            },
            [](void* to, const char* text) {
                self(to).add([&](dialplan::PlanContext& in) { in.switches.emplace_back(text); });
            },
        };
        host.list_dialplan(host.context, &visitor);
        if (thrown_) {
            std::rethrow_exception(thrown_);
        }
        return std::move(plan_);
    }

  private:
    static Copy& self(void* to) { return *static_cast<Copy*>(to); }

    template <class Change> void take(Change change) noexcept {
        try {
            if (!thrown_) {
                change(*this);
            }
        } catch (...) {
            thrown_ = std::current_exception();
        }
    }

    template <class Change> void add(Change change) noexcept {
        take([&](Copy& copy) {
            if (copy.context_ != nullptr) {
                change(*copy.context_);
            }
        });
    }

    dialplan::NumberPlan plan_;
    dialplan::PlanContext* context_ = nullptr; ///< whose numbers come next
    std::exception_ptr thrown_;
};

} // namespace

void DigitMaps::settings(std::vector<std::string> emergency) {
    auto now = std::make_shared<const std::vector<std::string>>(std::move(emergency));
    const std::lock_guard lock(settings_);
    emergency_ = std::move(now);
}

DigitMaps::Emergency DigitMaps::wanted() const {
    const std::lock_guard lock(settings_);
    return emergency_;
}

std::vector<std::string> DigitMaps::emergency() const {
    return *wanted();
}

base::Result<std::shared_ptr<const dialplan::NumberPlan>> DigitMaps::plan() {
    const auto with = wanted();
    const std::lock_guard lock(mutex_);
    return plan_locked(with, "");
}

base::Result<std::shared_ptr<const dialplan::NumberPlan>>
DigitMaps::plan_locked(const Emergency& with, const std::string& context) {
    if (host_.list_dialplan == nullptr) {
        return fail(Errc::refused,
                    "no dial plan is known here: this is no PBX, or one that cannot tell it");
    }
    if (made_with_ != with) { // reloaded since
        made_with_ = with;
        plan_.reset();
        maps_.clear();
    }
    // What two looks in a row did not find is a wrong name in a configuration, and nothing on its
    // way: each look copies all of the plan while calls wait for the PBX's lock of it.
    const bool lacks =
        plan_ && (plan_->empty() || (was_new_ && !context.empty() && !plan_->contains(context)));
    const auto now = clock_.now();
    if (!plan_ || now - read_at_ >= (lacks ? lack_is_fresh : plan_is_fresh)) {
        auto read = Copy().of(host_);
        was_new_ = !plan_ || *plan_ != read;
        if (was_new_) {
            plan_ = std::make_shared<const dialplan::NumberPlan>(std::move(read));
            maps_.clear();
        }
        read_at_ = now;
    }
    return plan_;
}

std::optional<std::string> DigitMaps::map_of(const profile::Vendor& vendor,
                                             const profile::Site& site,
                                             const std::string& number,
                                             const std::string& context) {
    if (site.digit_map == "factory") {
        return vendor.name == "htek" ? htek_factory : "";
    }
    const auto with = wanted();
    const std::lock_guard lock(mutex_);
    const auto nothing = [&](const base::Error& why) -> std::optional<std::string> {
        if (complaints_.take(clock_.now())) {
            base::log::warn("engine",
                            "extension {} gets no digit map: {}; its phone waits before each "
                            "call, and nothing is refused",
                            number, why.what);
        }
        return std::nullopt;
    };
    const auto plan = plan_locked(with, context);
    if (!plan) {
        return nothing(plan.error());
    }
    const bool refuses = site.dial_unmatched == "block";
    const Wanted key{vendor.name, context, refuses};
    auto known = maps_.find(key);
    if (known == maps_.end()) { // made first: without memory for it nothing is remembered
        auto map = dialplan::digit_map(vendor.name, **plan, context, {*with, refuses})
                       .map([](const dialplan::DigitMap& each) { return each.text; });
        known = maps_.emplace(key, std::move(map)).first;
    }
    const auto& made = known->second; // a copy of the whole is noexcept, and would end the PBX
    return made ? std::optional(*made) : nothing(made.error());
}

} // namespace engine
