// SPDX-License-Identifier: MIT
// The rows of `show rules`.
#include "module/engine.hpp"

#include <chrono>
#include <future>

namespace engine {

using base::Errc;
using base::fail;
using base::Result;

/// What a rule approved is counted on the loop thread.
Result<std::vector<admin::Reach::Rule>> Engine::approval_rules() {
    using Rows = std::vector<admin::Reach::Rule>;
    auto told = std::make_shared<std::promise<Rows>>();
    auto rows = told->get_future();
    loop_->post([this, told] {
        Rows all;
        const auto rules = desk_->rules();
        const bool can_be_claimed = !rules->claims.claim.empty();
        for (const auto& rule : rules->approval_rules) {
            admin::Reach::Rule row;
            row.name = rule.name;
            row.phones = whom(rule);
            row.action = word(rule.action);
            row.approves = rule.action == Action::approve || rule.action == Action::assign ||
                           (rule.action == Action::guest && can_be_claimed);
            row.pool = rule.pool;
            row.only_enrolment = rule.only_enrolment;
            row.most = rule.most;
            row.approved = desk_->approved_by(rule.name);
            all.push_back(std::move(row));
        }
        told->set_value(std::move(all));
    });
    if (rows.wait_for(std::chrono::seconds(5)) != std::future_status::ready) {
        return fail(Errc::io, "the loop is busy; look at the log and try again");
    }
    return rows.get();
}

} // namespace engine
