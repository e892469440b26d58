// SPDX-License-Identifier: MIT
// Resyncs of many phones: their pace, what is reported of each, and what a restart leaves of them.
#include "module/fleet.hpp"

#include "tests/dialplan/shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <new>
#include <random>
#include <set>

namespace {

using namespace std::chrono_literals;
using engine::Fleet;
using inventory::Resynced;
using inventory::Step;
using testing::HasSubstr;

base::Mac phone(unsigned number) {
    return base::Mac::from_number(0x00'1f'c1'00'00'00 + number);
}

TEST(Pace, GivesEachTurnAMomentOfItsOwnAndNeverMoreThanTheRate) {
    base::FakeClock clock;
    std::minstd_rand dice(7);
    engine::Pace pace([&] { return std::uniform_real_distribution<double>()(dice); });
    pace.begin(clock.now(), 30);
    std::vector<int> turns;
    for (int tenth = 0; tenth < 60 * 60 * 10; ++tenth) {
        for (auto left = pace.due(clock.now()); left > 0; --left) {
            turns.push_back(tenth);
        }
        clock.advance(100ms);
    }
    EXPECT_NEAR(static_cast<double>(turns.size()), 1800, 1);
    std::map<int, int> gaps; // in seconds
    for (std::size_t i = 1; i < turns.size(); ++i) {
        ++gaps[(turns[i] - turns[i - 1]) / 10];
        const auto before = std::lower_bound(turns.begin(), turns.end(), turns[i] - 600 + 1);
        EXPECT_LE(turns.begin() + static_cast<std::ptrdiff_t>(i) - before + 1, 31);
    }
    EXPECT_GE(gaps.size(), 4U) << "two seconds each would be a beat";
}

TEST(Pace, DoesNotMakeUpForWhatItSlept) {
    base::FakeClock clock;
    engine::Pace pace([] { return 0.5; });
    pace.begin(clock.now(), 60);
    clock.advance(1h);
    EXPECT_LE(pace.due(clock.now()), 3U);
}

/// The clock on the wall is set; time goes on as before.
struct ClockThatIsSet final : base::Clock {
    explicit ClockThatIsSet(const base::Clock& clock) : of(clock) {}

    base::Steady now() const override { return of.now(); }

    base::UnixMs unix_ms() const override { return of.unix_ms() + ahead; }

    const base::Clock& of;
    base::UnixMs ahead = 0;
};

struct Site : testing::Test {
    Shelf shelf;
    ClockThatIsSet clock{shelf.clock};
    std::minstd_rand dice{1};
    std::unique_ptr<Fleet> fleet;
    std::vector<std::pair<base::Mac, base::UnixMs>> told;
    std::set<base::Mac> talking;
    std::map<base::Mac, std::string> deaf; ///< that cannot be told, and why
    bool phones_come = true;
    bool has_memory = true;
    bool knows_calls = true;
    std::vector<base::Mac> to_come;

    Site() { start(); }

    ~Site() override { shelf->on_step({}); }

    /// As after a restart of the program: what is in memory is gone.
    void start() {
        fleet = std::make_unique<Fleet>(
            *shelf, clock,
            Fleet::Reach{[this](base::Mac mac, bool) -> base::Result<std::string> {
                             if (const auto found = deaf.find(mac); found != deaf.end()) {
                                 return base::fail(base::Errc::refused, "{}", found->second);
                             }
                             told.emplace_back(mac, shelf.clock.unix_ms());
                             shelf->note(mac, Step::resync_sent, "10.0.0.2", "NOTIFY check-sync");
                             to_come.push_back(mac);
                             return std::string("NOTIFY with Event check-sync was sent.");
                         },
                         [this](const inventory::Device& device) -> std::optional<bool> {
                             return knows_calls ? std::optional(talking.count(device.mac) != 0)
                                                : std::nullopt;
                         },
                         [this](const std::function<void()>& task) {
                             if (!has_memory) {
                                 throw std::bad_alloc();
                             }
                             task();
                         },
                         [this] { return std::uniform_real_distribution<double>()(dice); }});
        ASSERT_TRUE(fleet->recall());
        shelf->on_step([this](const inventory::Device& device, const inventory::Event& event) {
            fleet->happened(device.mac, event);
        });
    }

    inventory::Fleet order(unsigned phones, std::uint32_t per_minute = 60) {
        inventory::Fleet order;
        order.actor = "uid 7";
        order.per_minute = per_minute;
        std::vector<inventory::Change> changes;
        for (unsigned i = 1; i <= phones; ++i) {
            order.phones.push_back({phone(i)});
            changes.emplace_back(inventory::Approve{phone(i)});
        }
        shelf.apply(changes);
        return order;
    }

    void begin(const inventory::Fleet& order) {
        const auto done = fleet->begin(order);
        ASSERT_TRUE(done) << done.error().what;
    }

    void pass(base::Duration time) {
        for (base::Duration passed{}; passed < time; passed += 1s) {
            shelf.clock.advance(1s);
            fleet->tick();
            if (phones_come) {
                for (const auto mac : std::exchange(to_come, {})) {
                    shelf->note(mac, Step::file_served, "10.0.0.2", "cfg" + mac.str() + ".xml");
                }
            }
        }
    }

    std::map<Resynced, std::size_t> counts() {
        std::map<Resynced, std::size_t> all;
        const auto report = fleet->report();
        for (const auto& each : report->phones) {
            ++all[each.state];
        }
        return all;
    }

    inventory::FleetPhone of(unsigned number) {
        const auto report = fleet->report();
        for (const auto& each : report->phones) {
            if (each.mac == phone(number)) {
                return each;
            }
        }
        ADD_FAILURE() << "not in the report";
        return {};
    }
};

TEST_F(Site, FiveHundredPhonesKeepThePaceAndEachIsReported) {
    begin(order(500, 60));
    pass(8min);
    EXPECT_NEAR(static_cast<double>(told.size()), 480, 1);
    pass(1min);
    ASSERT_EQ(told.size(), 500U);
    std::set<base::Mac> each;
    for (std::size_t i = 0; i < told.size(); ++i) {
        each.insert(told[i].first);
        const auto in_a_minute = std::count_if(told.begin(), told.end(), [&](const auto& other) {
            return other.second >= told[i].second && other.second < told[i].second + 60'000;
        });
        EXPECT_LE(in_a_minute, 62); // one above by the share, one by the second of a tick
    }
    EXPECT_EQ(each.size(), 500U);
    EXPECT_EQ(counts(), (std::map<Resynced, std::size_t>{{Resynced::came, 500}}));
    EXPECT_EQ(of(77).detail, "fetched cfg" + phone(77).str() + ".xml");
    EXPECT_TRUE(inventory::is_over(*fleet->report()));
}

TEST_F(Site, GoesOnAfterAMomentWithoutMemory) {
    begin(order(3));
    has_memory = false;
    shelf.clock.advance(1s);
    EXPECT_THROW(fleet->tick(), std::bad_alloc);
    has_memory = true;
    pass(10s);
    EXPECT_EQ(counts(), (std::map<Resynced, std::size_t>{{Resynced::came, 3}}));
}

TEST_F(Site, APhoneInACallIsToldAfterwards) {
    talking = {phone(1), phone(2)};
    begin(order(3));
    pass(10s);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].first, phone(3));
    EXPECT_EQ(of(1).state, Resynced::in_call);
    talking.erase(phone(1));
    pass(70s);
    EXPECT_EQ(of(1).state, Resynced::came);
    EXPECT_EQ(of(2).state, Resynced::in_call);
    EXPECT_FALSE(inventory::is_over(*fleet->report()));
    pass(4h);
    EXPECT_EQ(of(2).state, Resynced::given_up);
    EXPECT_EQ(of(2).detail, "in a call for 4 hours");
    EXPECT_EQ(told.size(), 2U);
}

TEST_F(Site, ForcedItIsToldInTheCall) {
    talking = {phone(1)};
    auto forced = order(1);
    forced.forced = true;
    begin(forced);
    pass(5s);
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(Site, WhereNobodySaysWhoTalksAllAreTold) {
    knows_calls = false;
    talking = {phone(1)};
    begin(order(1));
    pass(5s);
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(Site, AfterARestartNobodyIsToldTwiceAndTheRestIsTold) {
    begin(order(40, 60));
    pass(10s);
    phones_come = false;
    pass(10s);
    const auto before = told.size();
    EXPECT_NEAR(static_cast<double>(before), 20, 2);
    fleet.reset();
    shelf.clock.advance(30s);
    start();
    // The PBX tells of all that are registered already: that is no sign.
    shelf->note(phone(15), Step::registered, "10.0.0.2", "215");
    shelf->reached(phone(15), inventory::Stage::registered);
    EXPECT_EQ(of(15).state, Resynced::sent);
    phones_come = true;
    pass(1min);
    EXPECT_EQ(told.size(), 40U);
    std::set<base::Mac> each;
    for (const auto& [mac, at] : told) {
        EXPECT_TRUE(each.insert(mac).second) << mac.str() << " was told twice";
    }
    EXPECT_EQ(counts(), (std::map<Resynced, std::size_t>{{Resynced::came, 40}}));
}

TEST_F(Site, StoppedItTellsNobodyElseAcrossARestartUntilItGoesOn) {
    begin(order(40, 60));
    pass(10s);
    ASSERT_TRUE(fleet->stop(true, "uid 7"));
    const auto before = told.size();
    pass(1min);
    EXPECT_EQ(told.size(), before);
    EXPECT_TRUE(inventory::is_over(*fleet->report()));
    start();
    pass(1min);
    EXPECT_EQ(told.size(), before);
    EXPECT_FALSE(fleet->stop(true, "uid 7"));
    ASSERT_TRUE(fleet->stop(false, "uid 7"));
    pass(1min);
    EXPECT_EQ(told.size(), 40U);
    EXPECT_FALSE(fleet->stop(false, "uid 7"));
    const auto audit = shelf->audit(3).value();
    ASSERT_EQ(audit.size(), 3U);
    EXPECT_THAT(audit[0].what, HasSubstr("resync of 40 phones, 60 a minute"));
    EXPECT_EQ(audit[1].what, "resync stopped");
    EXPECT_EQ(audit[2].what, "resync goes on");
}

TEST_F(Site, AClockThatIsSetMeanwhileGivesNobodyUp) {
    constexpr base::UnixMs hour = 3'600'000;
    for (const auto ahead : {hour, -hour}) {
        phones_come = true;
        clock.ahead = ahead;
        begin(order(3));
        pass(1s);
        clock.ahead = 0;
        talking = {phone(2)};
        phones_come = false;
        pass(20s);
        EXPECT_EQ(of(2).state, Resynced::in_call) << ahead;
        EXPECT_EQ(of(3).state, Resynced::sent) << ahead;
        shelf->used(phone(3), *base::Ipv4::parse("10.0.0.2")); // nothing is new, so no step says it
        pass(1s);
        EXPECT_EQ(of(3).state, Resynced::came) << ahead;
        shelf->note(phone(1), Step::file_served, "10.0.0.2", "cfg.xml");
        EXPECT_EQ(of(1).state, Resynced::came) << ahead;
        talking.clear();
        phones_come = true;
        pass(2min);
        EXPECT_EQ(counts(), (std::map<Resynced, std::size_t>{{Resynced::came, 3}})) << ahead;
    }
}

TEST_F(Site, OneAtATime) {
    begin(order(5));
    const auto second = fleet->begin(order(5));
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, HasSubstr("pnp resync stop"));
    pass(1min);
    begin(order(5));
    EXPECT_EQ(of(1).state, Resynced::waits);
}

TEST_F(Site, SaysWhatBecameOfEach) {
    phones_come = false;
    deaf[phone(2)] = "it was last seen in no network that is served";
    begin(order(7));
    pass(15s);
    EXPECT_EQ(of(1).state, Resynced::sent);
    EXPECT_EQ(of(2).state, Resynced::refused);
    EXPECT_EQ(of(2).detail, "it was last seen in no network that is served");
    shelf->note(phone(3), Step::resync_answered, "10.0.0.2", "200 OK");
    EXPECT_EQ(of(3).state, Resynced::answered);
    shelf->note(phone(4), Step::resync_failed, "10.0.0.2", "481 Subscription does not exist");
    EXPECT_EQ(of(4).state, Resynced::refused);
    shelf->note(phone(5), Step::resync_failed, "10.0.0.2", "no answer");
    EXPECT_EQ(of(5).state, Resynced::given_up);
    shelf->note(phone(6), Step::called, "10.0.0.2", "contact-me");
    EXPECT_EQ(of(6).state, Resynced::came);
    shelf->note(phone(7), Step::registered, "10.0.0.2", "207");
    EXPECT_EQ(of(7).state, Resynced::came);
    // What no step tells: it was answered that nothing changed.
    shelf->used(phone(3), *base::Ipv4::parse("10.0.0.2"));
    pass(1s);
    EXPECT_EQ(of(3).state, Resynced::came);
    pass(15min);
    EXPECT_EQ(of(1).state, Resynced::given_up);
    EXPECT_EQ(of(1).detail, "gave no sign within 15 minutes");
    shelf->note(phone(1), Step::file_served, "10.0.0.2", "late.xml"); // better late
    EXPECT_EQ(of(1).state, Resynced::came);
    EXPECT_TRUE(inventory::is_over(*fleet->report()));
    start();
    EXPECT_EQ(of(4).detail, "481 Subscription does not exist");
}

TEST_F(Site, APhoneThatCameByItselfIsNotTold) {
    begin(order(30, 6));
    pass(5s);
    shelf->note(phone(30), Step::file_served, "10.0.0.2", "cfg.xml");
    EXPECT_EQ(of(30).state, Resynced::came);
    EXPECT_EQ(of(30).detail, "by itself: fetched cfg.xml");
    pass(6min);
    EXPECT_EQ(told.size(), 29U);
}

TEST_F(Site, APhoneThatFetchedJustBeforeItWasToldHasNotCome) {
    std::vector<std::pair<base::Mac, inventory::Event>> late;
    const auto hear = [&] {
        for (const auto& [mac, event] : std::exchange(late, {})) {
            fleet->happened(mac, event);
        }
    };
    phones_come = false;
    const auto two = order(2);
    // As by threads that were kept from telling at once.
    shelf->on_step([&](const inventory::Device& device, const inventory::Event& event) {
        late.emplace_back(device.mac, event);
    });
    shelf->note(phone(1), Step::file_served, "10.0.0.2", "before-the-order.xml");
    begin(two);
    hear();
    EXPECT_EQ(of(1).state, Resynced::waits);
    shelf->note(phone(1), Step::file_served, "10.0.0.2", "before-its-turn.xml");
    shelf->note(phone(2), Step::registered, "10.0.0.2", "202");
    pass(3s);
    ASSERT_EQ(told.size(), 2U);
    hear();
    EXPECT_EQ(of(1).state, Resynced::sent);
    EXPECT_EQ(of(2).state, Resynced::sent);
    shelf->note(phone(1), Step::file_served, "10.0.0.2", "afterwards.xml");
    shelf->note(phone(2), Step::registered, "10.0.0.2", "again, 202");
    hear();
    EXPECT_EQ(of(1).detail, "fetched afterwards.xml");
    EXPECT_EQ(of(2).detail, "registered: again, 202");
}

TEST_F(Site, APhoneThatWasBlockedMeanwhileIsNotTold) {
    begin(order(30, 6));
    shelf.apply({inventory::Block{phone(30)}});
    pass(6min);
    EXPECT_EQ(told.size(), 29U);
    EXPECT_EQ(of(30).state, Resynced::refused);
}

} // namespace
