// SPDX-License-Identifier: MIT
// The time of a refusal on the wire: it must not tell which of its reasons it has. The clock of the
// penalties is the test's own, or they would make every guess but the first thirty late.
#include "client.hpp"
#include "door.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

namespace {

using namespace serve_test; // NOLINT(google-build-using-namespace): the fixture's words
using serve::Http;
using Clock = std::chrono::steady_clock;
using Times = std::vector<double>; // microseconds

// Judged by the size of the effect: a test for significance finds some effect on every machine if
// only it samples for long enough.
constexpr double most_between_medians = 100;
constexpr double most_beside_chance = 0.05;

double median(Times times) {
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

/// How often a time of `one` is longer than one of `other`: Mann and Whitney's U over n times m.
double longer(const Times& one, const Times& other) {
    Times sorted = other;
    std::sort(sorted.begin(), sorted.end());
    double wins = 0;
    for (const double time : one) {
        const auto [below, above] = std::equal_range(sorted.begin(), sorted.end(), time);
        wins += static_cast<double>(below - sorted.begin()) +
                static_cast<double>(above - below) / 2; // ties count half
    }
    return wins / static_cast<double>(one.size() * other.size());
}

TEST(RankTest, SeesADifferenceOfTwentyMicrosecondsInFiftyOfNoise) {
    std::mt19937 random(1); // NOLINT(cert-msc51-cpp): the same each time
    std::normal_distribution<double> noise(10'000, 50);
    Times one;
    Times other;
    Times later;
    for (int i = 0; i < 2000; ++i) {
        one.push_back(noise(random));
        other.push_back(noise(random));
        later.push_back(noise(random) + 20);
    }
    EXPECT_LT(std::abs(longer(one, other) - 0.5), most_beside_chance);
    EXPECT_GT(std::abs(longer(one, later) - 0.5), most_beside_chance);
    EXPECT_DOUBLE_EQ(longer({1, 2, 2}, {2, 3}), 1.0 / 6);
}

struct Asker {
    std::string why;
    std::string request;
    std::unique_ptr<Client> client;
    Clock::time_point sent;
    bool waits = false;
    Times times = {};
};

TEST_F(Door, TheTimeOfARefusalDoesNotTellItsReason) {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer's own time is a multiple of ours";
#endif
    const auto token = steady_token();
    apply({inventory::Assign{other, {"202"}}});
    const auto blocked = steady_token(other);
    const Mac third = *Mac::parse("001fc1000003");
    apply({inventory::Assign{third, {"202"}}});
    const auto lineless = steady_token(third);
    apply({inventory::Block{other}, inventory::Unassign{third}});
    auto wrong = token;
    wrong[0] = wrong[0] == 'A' ? 'B' : 'A';

    base::Loop loop;
    serve::HttpLimits limits;
    limits.rates = {1e9, 1e9};
    const auto from_the_phone = [](const Request& asked) {
        auto made = asked;
        made.peer = {phone_address, 40000};
        made.local = {our_address, 5480};
        made.user_agent = agent;
        return made;
    };
    Http http(loop, limits, [&](const Request& asked) {
        clock.advance(std::chrono::minutes(2)); // nobody misses often
        return files->answer(from_the_phone(asked));
    });
    // First on the loop, as pnpd does, where the file of the good token is at hand.
    ASSERT_EQ(get(token).status, 200);
    http.at_hand([&](const Request& asked) { return files->at_hand(from_the_phone(asked)); });
    ASSERT_TRUE(http.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}).empty());
    const auto server = http.listening().at(0);

    std::vector<Asker> askers;
    const auto add = [&](const std::string& why, const std::string& path) {
        askers.push_back({why,
                          "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n",
                          std::make_unique<Client>(loop, server),
                          {},
                          false});
    };
    add("a wrong token", "/p/" + wrong + "/" + own_file);
    add("the token of a blocked device", "/p/" + blocked + "/cfg001fc1000002.xml");
    add("the token of a device without an extension", "/p/" + lineless + "/cfg001fc1000003.xml");
    add("a good token with a name that nobody has", "/p/" + token + "/passwd");
    add("a good token with another device's name", "/p/" + token + "/cfg001fc1000002.xml");
    add("no token", "/x");

    // In an order that is new each time, so that what else the machine does meets all of them;
    // 2 ms apart, so that none is answered while another is.
    const int samples = std::getenv("PNP_SOAK") != nullptr ? 10'000 : 2000;
    std::mt19937 random(1); // NOLINT(cert-msc51-cpp): the same each time
    for (int i = 0; i < samples; ++i) {
        std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
        std::shuffle(order.begin(), order.end(), random);
        std::size_t sent = 0;
        std::size_t answered = 0;
        const auto began = Clock::now();
        while (answered < askers.size()) {
            if (sent < order.size() &&
                Clock::now() >= began + std::chrono::milliseconds(2) * sent) {
                auto& asker = askers[order[sent++]];
                asker.sent = Clock::now();
                asker.client->send(asker.request);
                asker.waits = true;
            }
            loop.step(std::chrono::milliseconds(1));
            const auto now = Clock::now(); // once: to look at one takes time from the next
            for (auto& asker : askers) {
                if (asker.waits && asker.client->waiting().ends_with("\r\n\r\n")) {
                    const std::chrono::duration<double, std::micro> took = now - asker.sent;
                    ASSERT_EQ(asker.client->read().status, 404) << asker.why;
                    asker.times.push_back(took.count());
                    asker.waits = false;
                    ++answered;
                }
            }
            ASSERT_LT(Clock::now() - began, std::chrono::seconds(20));
        }
    }
    const auto& reference = askers[0].times;
    EXPECT_GE(*std::min_element(reference.begin(), reference.end()), 10'000);
    for (const auto& asker : askers) {
        const auto apart = median(asker.times) - median(reference);
        const auto area = longer(asker.times, reference);
        fmt::print("{}: median {:+.1f} µs, AUC {:.3f}\n", asker.why, apart, area);
        EXPECT_LT(std::abs(apart), most_between_medians) << asker.why;
        EXPECT_LT(std::abs(area - 0.5), most_beside_chance) << asker.why;
    }
}

} // namespace
