// SPDX-License-Identifier: MIT
// The table of answered SUBSCRIBEs stays bounded and forgets in the right order.
#include "pnp/answered.hpp"

#include "sample.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pnp {
namespace {

constexpr base::Ipv4 phone{0xC0000259};

TransactionKey key(int number) {
    return base::sha256(std::to_string(number));
}

Subscribe request(const std::string& text) {
    auto read = parse_subscribe(text);
    EXPECT_TRUE(read) << read.error().what;
    return read.value_or(Subscribe());
}

TEST(Answered, RemembersFor32Seconds) {
    const base::FakeClock clock;
    const auto start = clock.now();
    Answered table;
    ASSERT_NE(table.add(key(1), start), nullptr);
    table.forget_old(start + std::chrono::milliseconds(31'999));
    EXPECT_NE(table.find(key(1)), nullptr);
    table.forget_old(start + std::chrono::seconds(32));
    EXPECT_EQ(table.find(key(1)), nullptr);
    EXPECT_FALSE(table.next_due());
}

TEST(Answered, RemembersWhatIsOpenUntilItIsClosed) {
    const base::FakeClock clock;
    const auto start = clock.now();
    Answered table;
    Answer* entry = table.add(key(1), start);
    table.open(*entry);
    table.forget_old(start + std::chrono::minutes(5));
    ASSERT_EQ(table.find(key(1)), entry);
    table.close(*entry, start + std::chrono::minutes(6));
    EXPECT_EQ(table.find(key(1)), nullptr);
}

TEST(Answered, ForgetsTheOldestFinishedFirstWhenFull) {
    const base::FakeClock clock;
    const auto now = clock.now();
    Answered table(3);
    table.open(*table.add(key(1), now));
    table.add(key(2), now);
    table.add(key(3), now);
    ASSERT_NE(table.add(key(4), now), nullptr);
    EXPECT_NE(table.find(key(1)), nullptr) << "still open";
    EXPECT_EQ(table.find(key(2)), nullptr);
    EXPECT_NE(table.find(key(3)), nullptr);
    EXPECT_EQ(table.size(), 3U);
    // Closed now, it takes its turn like the others, though it left the queue before.
    table.close(*table.find(key(1)), now);
    ASSERT_NE(table.add(key(5), now), nullptr);
    ASSERT_NE(table.add(key(6), now), nullptr);
    ASSERT_NE(table.add(key(7), now), nullptr);
    EXPECT_EQ(table.find(key(1)), nullptr);
    EXPECT_EQ(table.size(), 3U);
}

TEST(Answered, TakesNoMoreWhenAllAreOpen) {
    const base::FakeClock clock;
    Answered table(2);
    for (const int number : {1, 2}) {
        table.open(*table.add(key(number), clock.now()));
    }
    EXPECT_EQ(table.add(key(3), clock.now()), nullptr);
    table.close(*table.find(key(1)), clock.now());
    EXPECT_NE(table.add(key(3), clock.now()), nullptr);
}

TEST(Answered, IsBoundedInBytesToo) {
    const base::FakeClock clock;
    Answered table(1000, 100'000);
    for (int number = 0; number < 200; ++number) {
        Answer* entry = table.add(key(number), clock.now());
        ASSERT_NE(entry, nullptr);
        table.answer(*entry, std::string(8000, 'x'), {});
    }
    EXPECT_LE(table.size(), 13U);
    EXPECT_GE(table.size(), 10U);
}

TEST(TransactionKey, IsBranchAndSentByWhereTheBranchIsUnique) {
    const std::string text = data("htek.sip");
    const auto original = transaction_key(request(text), phone);
    EXPECT_EQ(transaction_key(request(with(text, "CSeq: 1", "CSeq: 2")), phone), original);
    EXPECT_NE(transaction_key(request(with(text, "branch=z9hG4bK7", "branch=z9hG4bK8")), phone),
              original);
    EXPECT_NE(
        transaction_key(request(with(text, "UDP 192.0.2.89:60000", "UDP 192.0.2.89:60001")), phone),
        original);
    EXPECT_NE(transaction_key(request(text), base::Ipv4{phone.value + 1}), original)
        << "nobody can spoil a transaction of another phone";
}

TEST(TransactionKey, ComparesTheHeadersWhereTheBranchIsMissingOrOld) {
    for (const char* branch : {"", ";branch=1", ";branch=z9hG4bK"}) {
        const std::string text =
            with(data("snom_370.sip"), ";rport", std::string(";rport") + branch);
        const auto original = transaction_key(request(text), phone);
        EXPECT_EQ(transaction_key(request(with(text, "Expires: 0", "Expires: 9")), phone),
                  original);
        for (const auto& [from, to] : std::vector<std::pair<const char*, const char*>>{
                 {"CSeq: 1", "CSeq: 2"},
                 {"Call-ID: 1", "Call-ID: 2"},
                 {"tag=658512961", "tag=658512962"},
                 {"SUBSCRIBE sip:MAC%3a000413000001", "SUBSCRIBE sip:MAC%3a000413000002"},
                 {"UDP 192.0.2.67:1053", "UDP 192.0.2.67:1054"}}) {
            EXPECT_NE(transaction_key(request(with(text, from, to)), phone), original) << from;
        }
    }
}

} // namespace
} // namespace pnp
