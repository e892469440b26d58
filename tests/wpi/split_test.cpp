// SPDX-License-Identifier: MIT
// What a phone is told comes in messages that it takes, and what belongs together in one.
#include "provisioning/wpi/split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wpi::Item;

/// "name[index]" of each message.
std::vector<std::vector<std::string>> names(const std::vector<Item>& items,
                                            std::optional<std::size_t> most = std::nullopt) {
    std::vector<std::vector<std::string>> out;
    for (const auto& message : wpi::split(items, most)) {
        out.emplace_back();
        for (const Item& item : message) {
            out.back().push_back(wpi::shown(item));
        }
    }
    return out;
}

Item one(std::string name, std::string value = "1") {
    return {std::move(name), std::nullopt, std::move(value)};
}

Item of(int index, std::string name, std::string value = "1") {
    return {std::move(name), index, std::move(value)};
}

} // namespace

TEST(Split, SendsNothingForNothing) {
    EXPECT_THAT(wpi::split({}, 5), IsEmpty());
}

TEST(Split, LeavesAShortListWhole) {
    EXPECT_THAT(names({one("hostname"), one("realm"), one("dhcp")}),
                ElementsAre(ElementsAre("hostname", "realm", "dhcp")));
    EXPECT_THAT(wpi::split({one("a"), one("b"), one("c")}, 0), SizeIs(1)) << "0 is no limit";
}

TEST(Split, KeepsToTheNumberOfItemsThatThePhoneTakes) {
    EXPECT_THAT(names({one("a"), one("b"), one("c"), one("d"), one("e")}, 2),
                ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d"), ElementsAre("e")));
}

TEST(Split, KeepsKeysAndLinesTogether) {
    EXPECT_THAT(
        names({of(1, "function-key-def"), of(2, "function-key-def"), one("hostname"),
               of(1, "key-label-unicode"), of(2, "line-sip-uri"), of(2, "line-sip-pwd")},
              3),
        ElementsAre(ElementsAre("function-key-def[1]", "key-label-unicode[1]"),
                    ElementsAre("function-key-def[2]", "line-sip-uri[2]", "line-sip-pwd[2]"),
                    ElementsAre("hostname")));
}

TEST(Split, KeepsARegistrationTogether) {
    EXPECT_THAT(
        names({one("hostname"), one("sip-pwd"), one("dhcp-reuse"), one("reg-addr"), one("e164")},
              3),
        ElementsAre(ElementsAre("hostname"), ElementsAre("sip-pwd", "reg-addr", "e164"),
                    ElementsAre("dhcp-reuse")));
}

TEST(Split, KeepsUnknownItemsOfOneIndexTogether) {
    EXPECT_THAT(names({one("x"), of(7, "new-a"), of(8, "new-a"), of(7, "new-b")}, 2),
                ElementsAre(ElementsAre("x"), ElementsAre("new-a[7]", "new-b[7]"),
                            ElementsAre("new-a[8]")));
}

TEST(Split, StaysBelowTheBytesThatAPhoneTakes) {
    std::vector<Item> items;
    for (int i = 0; i < 60; ++i) {
        items.push_back(of(i, "XML-app-name", std::string(2'000, '<'))); // four bytes each
    }
    const auto messages = wpi::split(items, std::nullopt);
    EXPECT_THAT(messages, SizeIs(15));
    for (const auto& message : messages) {
        EXPECT_LT(wpi::write({std::string(64, 'A'), wpi::Action::write_items, message}).size(),
                  wpi::largest_written);
    }
    EXPECT_THAT(wpi::split(items, std::nullopt, wpi::Escape::legacy), SizeIs(1))
        << "of which nothing is left";
}

TEST(Split, DividesAGroupOnlyWhereNoMessageTakesIt) {
    EXPECT_THAT(names({one("a"), of(1, "line-sip-uri"), of(1, "line-sip-pwd"),
                       of(1, "line-primary"), one("b")},
                      2),
                ElementsAre(ElementsAre("a"), ElementsAre("line-sip-uri[1]", "line-sip-pwd[1]"),
                            ElementsAre("line-primary[1]", "b")));
    const auto huge = wpi::split({one("a"), one("moh", std::string(50'000, 'x')), one("b")}, 10);
    ASSERT_THAT(huge, SizeIs(3)) << "one that is too large goes alone";
    EXPECT_EQ(huge[1].front().value.size(), 50'000U);
}
