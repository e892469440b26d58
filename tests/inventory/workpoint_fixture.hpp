// SPDX-License-Identifier: MIT
// An inventory with approved phones of the Workpoint Interface, and short spellings for jobs.
#pragma once

#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/workpoints.hpp"
#include "tests/inventory/fixture.hpp"

namespace inventory {

inline Job restart(std::uint64_t phone) {
    return {0, mac(phone), JobKind::restart};
}

inline Job read(std::uint64_t phone, std::map<ItemKey, std::string> items = {}) {
    return {0, mac(phone), JobKind::read, std::move(items)};
}

inline Job write(std::uint64_t phone, std::map<ItemKey, std::string> items) {
    return {0, mac(phone), JobKind::write, std::move(items)};
}

class WorkpointTest : public InventoryTest {
  protected:
    Workpoints& workpoints() { return inventory().workpoints(); }

    void approve(std::uint64_t phone) { apply({Approve{mac(phone)}}); }

    std::int64_t add(const Job& job) {
        const auto added = workpoints().add(job, "uid 0");
        EXPECT_TRUE(added) << added.error().what;
        return added.value_or(0);
    }

    std::string refusal(const Job& job) {
        const auto added = workpoints().add(job, "uid 0");
        EXPECT_FALSE(added);
        return added ? "" : added.error().what;
    }

    void end(std::int64_t id, JobState state = JobState::done) {
        const auto ended = workpoints().update_job(id, [&](Job& job) { job.state = state; });
        EXPECT_TRUE(ended) << ended.error().what;
    }

    JobState state_of(std::int64_t id) {
        const auto job = workpoints().job(id);
        EXPECT_TRUE(job) << id;
        return job ? job->state : JobState::failed;
    }

    void report(std::uint64_t phone, std::map<ItemKey, std::string> items) {
        workpoints().update(mac(phone),
                            [&](Workpoint& known) { known.reported = std::move(items); });
    }

    /// The id of the window that is opened for this phone.
    std::int64_t open_window(std::uint64_t phone) {
        apply({OpenEnrolment{{0, clock_.unix_ms() + 60'000, "", {}, mac(phone)}}});
        return inventory().now().enrolments().back().id;
    }

    /// With the inventory closed.
    void run_sql(const std::string& script) {
        inventory_.reset();
        auto connection = sql::Connection::open(path());
        ASSERT_TRUE(connection) << connection.error().what;
        const auto done = connection->run(script);
        ASSERT_TRUE(done) << done.error().what;
    }

    std::int64_t count(const std::string& table) {
        auto connection = sql::Connection::open(path());
        EXPECT_TRUE(connection);
        auto asked = connection->prepare("select count(*) from " + table);
        EXPECT_TRUE(asked && asked->step().value_or(false));
        return asked->integer(0);
    }
};

} // namespace inventory
