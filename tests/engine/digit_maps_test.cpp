// SPDX-License-Identifier: MIT
// Digit maps as the engine has them: read from the host, kept, and made for each line.
#include "module/digit_maps.hpp"

#include "tests/no_memory.hpp"

#include <functional>
#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using engine::DigitMaps;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// A PBX whose context phones has one number.
struct Host {
    std::string number = "_2XX";
    int reads = 0;
    bool is_booting = false;
    std::function<void()> while_reading;
    pnp_host door{};

    Host() {
        door.context = this;
        door.list_dialplan = [](void* context, const pnp_dialplan_visitor* visitor) {
            auto& host = *static_cast<Host*>(context);
            ++host.reads;
            if (host.while_reading) {
                host.while_reading();
            }
            if (host.is_booting) {
                return;
            }
            visitor->number(visitor->to, "stray", "");
            visitor->context(visitor->to, "phones");
            visitor->number(visitor->to, host.number.c_str(), "");
            visitor->include(visitor->to, "night", "18:00-8:00,*,*,*");
            visitor->context(visitor->to, "night");
            visitor->number(visitor->to, "9", "_2XX");
            visitor->elsewhere(visitor->to, "Realtime/x");
            visitor->context(visitor->to, "pnp-extensions");
            visitor->number(visitor->to, "777", "");
        };
    }
};

class EngineDigitMaps : public testing::Test {
  protected:
    EngineDigitMaps() {
        site.digit_map = "from-pbx";
        vendor.name = "panasonic";
    }

    std::string map_in(const std::string& context) {
        return maps.map_of(vendor, site, "201", context).value_or("none");
    }

    Host host;
    base::FakeClock clock;
    DigitMaps maps{host.door, clock};
    profile::Vendor vendor;
    profile::Site site;
};

TEST_F(EngineDigitMaps, CopyTheWholePlan) {
    const auto plan = maps.plan();
    ASSERT_TRUE(plan);
    ASSERT_EQ((*plan)->size(), 3U);
    const auto& phones = (*plan)->at("phones");
    EXPECT_EQ(phones.numbers.front().text, "_2XX");
    EXPECT_EQ(phones.includes.front().context, "night");
    EXPECT_EQ(phones.includes.front().times, "18:00-8:00,*,*,*");
    EXPECT_EQ((*plan)->at("night").numbers.front().caller, "_2XX");
    EXPECT_EQ((*plan)->at("night").switches.front(), "Realtime/x");
}

TEST_F(EngineDigitMaps, AreOfTheContextWhereCallsOfTheLineStart) {
    EXPECT_EQ(map_in("pnp-extensions"), "777");
    EXPECT_EQ(map_in("phones"), "") << "a switch may have any number";
    EXPECT_EQ(map_in("gone"), "none");
}

TEST_F(EngineDigitMaps, APlanThatWasNotReadYetIsAskedForAgainSoon) {
    host.is_booting = true;
    EXPECT_EQ(map_in("pnp-extensions"), "none");
    EXPECT_EQ(map_in("pnp-extensions"), "none");
    EXPECT_EQ(host.reads, 1);
    host.is_booting = false;
    clock.advance(1s);
    EXPECT_EQ(map_in("pnp-extensions"), "777");
    map_in("gone"); // nor is one that lacks what is asked for
    clock.advance(1s);
    map_in("gone");
    EXPECT_EQ(host.reads, 3);
}

TEST_F(EngineDigitMaps, AMistypedContextIsNotLookedForEachSecond) {
    for (int second = 0; second < 60; ++second) {
        EXPECT_EQ(map_in("fones"), "none");
        clock.advance(1s);
    }
    EXPECT_LE(host.reads, 8) << "every ten seconds, as any other, and once more";
    host.number = "_3XX"; // the plan was changed: what was mistyped may be there soon
    clock.advance(10s);
    map_in("fones");
    const auto before = host.reads;
    clock.advance(1s);
    map_in("fones");
    EXPECT_EQ(host.reads, before + 1);
}

TEST_F(EngineDigitMaps, AMomentWithoutMemoryLeavesNoPhoneWithAnEmptyMap) {
    const std::vector<std::string> emergency{"110", "112", "911", "999"};
    const std::string map = "11[02]|911|999|777"; // longer than what a string holds in itself
    bool was_met = true;
    for (int others = 0; was_met; ++others) {
        DigitMaps fresh(host.door, clock);
        fresh.settings(emergency);
        ASSERT_TRUE(fresh.plan());
        {
            const NoMemoryAfter moment(others);
            try {
                fresh.map_of(vendor, site, "201", "pnp-extensions");
            } catch (const std::bad_alloc&) { // this file is asked for again
            }
            was_met = moment.was_met();
        }
        ASSERT_EQ(fresh.map_of(vendor, site, "201", "pnp-extensions"), map) << others;
    }
}

TEST_F(EngineDigitMaps, AReloadDoesNotWaitForAMapThatIsBeingMade) {
    host.while_reading = [this] { maps.settings({"112"}); };
    EXPECT_EQ(map_in("pnp-extensions"), "777") << "by the settings that it began with";
    host.while_reading = {};
    EXPECT_EQ(map_in("pnp-extensions"), "112|777");
}

TEST_F(EngineDigitMaps, AreReadAgainAfterTenSecondsAndWhenSettingsAre) {
    EXPECT_EQ(map_in("pnp-extensions"), "777");
    map_in("pnp-extensions");
    clock.advance(9s);
    map_in("phones");
    EXPECT_EQ(host.reads, 1);
    clock.advance(1s);
    map_in("pnp-extensions");
    EXPECT_EQ(host.reads, 2);
    maps.settings({"112"});
    EXPECT_EQ(map_in("pnp-extensions"), "112|777");
    EXPECT_EQ(host.reads, 3);
}

TEST_F(EngineDigitMaps, GiveTheFactorysBack) {
    site.digit_map = "factory";
    EXPECT_EQ(map_in("pnp-extensions"), "");
    vendor.name = "htek";
    EXPECT_EQ(map_in("pnp-extensions"), "{[x*]+}");
    EXPECT_EQ(host.reads, 0);
}

TEST_F(EngineDigitMaps, AreNoneWhereNobodyKnowsAPlan) {
    host.door.list_dialplan = nullptr;
    EXPECT_EQ(map_in("pnp-extensions"), "none");
    const auto plan = maps.plan();
    ASSERT_FALSE(plan);
    EXPECT_THAT(plan.error().what, HasSubstr("no dial plan is known here"));
}

} // namespace
