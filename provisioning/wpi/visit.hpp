// SPDX-License-Identifier: MIT
// One message while an interaction works at it.
#pragma once

#include "provisioning/wpi/interaction.hpp"

#include <string>
#include <utility>

namespace wpi {

struct Visit {
    const PhoneMessage& message; ///< whole, if it came in parts
    const World& world;
    News news = {};

    void tell(inventory::Step step, std::string text) {
        news.steps.push_back({step, std::move(text)});
    }

    /// As it is after what was learnt so far.
    inventory::Workpoint known() const {
        auto phone = world.known;
        apply(news, phone);
        return phone;
    }

    /// With what was learnt so far; nullptr: not among those that have not ended.
    const inventory::Job* job(std::int64_t id) const {
        for (const auto& job : world.jobs) {
            if (job.id == id) {
                return &job;
            }
        }
        return nullptr;
    }

    inventory::JobState state(const inventory::Job& job) const {
        for (auto one = news.jobs.rbegin(); one != news.jobs.rend(); ++one) {
            if (one->id == job.id) {
                return one->state;
            }
        }
        return job.state;
    }
};

} // namespace wpi
