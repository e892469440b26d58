// SPDX-License-Identifier: MIT
// Plan, client and loop together, with a phone on the loopback and a clock that the test turns.
#include "provisioning/wpi/caller.hpp"

#include "../serve/client.hpp"
#include "provisioning/base/token_buckets.hpp"
#include "provisioning/serve/http.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using serve_test::until;
using testing::ElementsAre;
using testing::IsEmpty;

const base::Mac phone = base::Mac::from_number(0x001AE8102030);

struct Calls : testing::Test {
    base::Loop loop;
    base::SystemClock clock;
    int asked_for = 0; // contact-mes that reached the phone
    int answer = 204;
    serve::Http phone_end{loop, limits(), [this](const serve::Request& request) {
                              EXPECT_EQ(request.body, "ContactMe=true");
                              ++asked_for;
                              serve::Response response;
                              response.status = answer;
                              return response;
                          }};
    std::vector<std::string> told;
    bool has_place = true;
    wpi::ContactMePacing pacing{0s, 1s, 1s, 0s, 5, 1s, 24h, 16};

    static serve::HttpLimits limits() {
        serve::HttpLimits limits;
        limits.posted_bytes = 100;
        return limits;
    }

    wpi::Caller::Reach reach() {
        return {[this](base::Mac) -> base::Result<wpi::Caller::Place> {
                    if (!has_place) {
                        return base::fail(base::Errc::refused, "behind a NAT");
                    }
                    return wpi::Caller::Place{phone_end.listening().front(), {}};
                },
                [this](base::Mac, const base::Status& status) {
                    told.push_back(status ? "204" : status.error().what);
                },
                [this](const wpi::ContactMePlan::Silence& silence) {
                    told.push_back(fmt::format("silent {} {}", silence.arrived, silence.is_last));
                },
                [this](base::Mac) { told.emplace_back("too busy"); }};
    }

    void SetUp() override {
        ASSERT_THAT(phone_end.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}), IsEmpty());
    }
};

TEST_F(Calls, AJobMakesTheLoopAskThePhone) {
    pacing.wait = 3600s;
    wpi::Caller caller(loop, clock, reach(), pacing);
    caller.want(phone);
    ASSERT_TRUE(until(loop, [&] { return !told.empty(); }));
    EXPECT_EQ(asked_for, 1);
    EXPECT_THAT(told, ElementsAre("204"));
}

TEST_F(Calls, APhoneThatDoesNotComeIsAskedAgainByItself) {
    pacing.attempts = 2;
    wpi::Caller caller(loop, clock, reach(), pacing);
    caller.want(phone);
    ASSERT_TRUE(until(loop, [&] { return told.size() == 4; }));
    EXPECT_EQ(asked_for, 2);
    EXPECT_THAT(told, ElementsAre("204", "silent true false", "204", "silent true true"));
}

TEST_F(Calls, APhoneThatRefusesIsToldOf) {
    pacing.attempts = 1;
    answer = 404;
    wpi::Caller caller(loop, clock, reach(), pacing);
    caller.want(phone);
    ASSERT_TRUE(until(loop, [&] { return told.size() == 2; }));
    EXPECT_THAT(told, ElementsAre("answers 404 where 204 says that a contact-me arrived",
                                  "silent false true"));
}

TEST_F(Calls, APhoneThatCannotBeCalledIsNotTriedAgain) {
    has_place = false;
    pacing.wait = 3600s;
    wpi::Caller caller(loop, clock, reach(), pacing);
    caller.want(phone);
    ASSERT_TRUE(until(loop, [&] { return !told.empty(); }));
    loop.step(50ms);
    EXPECT_THAT(told, ElementsAre("behind a NAT"));
    EXPECT_EQ(asked_for, 0);
    has_place = true;
    caller.want(phone); // the gap must pass all the same
    ASSERT_TRUE(until(loop, [&] { return told.size() == 2; }));
    EXPECT_EQ(asked_for, 1);
}

TEST_F(Calls, NothingIsToldOnceItIsGone) {
    auto caller = std::make_unique<wpi::Caller>(loop, clock, reach(), pacing);
    caller->want(phone);
    caller.reset();
    for (int i = 0; i < 20; ++i) {
        loop.step(1ms);
    }
    EXPECT_THAT(told, IsEmpty());
    EXPECT_EQ(asked_for, 0);
}

} // namespace
