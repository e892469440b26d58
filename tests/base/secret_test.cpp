// SPDX-License-Identifier: MIT
// That a secret is wiped wherever it lay, and cannot be printed by accident.
#include "provisioning/base/secret.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <ostream>
#include <type_traits>

using base::Secret;

namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};

static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

/// Storage that a test may look at after the object in it is gone.
struct Storage {
    alignas(Secret) std::array<unsigned char, sizeof(Secret)> bytes{};

    Secret* make(std::string_view text) { return new (bytes.data()) Secret(text); }

    bool holds(std::string_view text) const {
        std::array<unsigned char, sizeof(Secret)> copy{};
        std::memcpy(copy.data(), bytes.data(), copy.size());
        return std::search(copy.begin(), copy.end(), text.begin(), text.end(), [](auto a, char b) {
                   return a == static_cast<unsigned char>(b);
               }) != copy.end();
    }
};

constexpr std::string_view short_text = "s3cr3t-pw";
constexpr std::string_view long_text = "a password too long to lie inside the string itself";

} // namespace

TEST(Secret, RevealsWhatItHolds) {
    EXPECT_EQ(Secret("abc").reveal(), "abc");
    EXPECT_TRUE(Secret().empty());
    EXPECT_FALSE(Secret("x").empty());
    EXPECT_EQ(Secret(std::string_view("a\0b", 3)).reveal().size(), 3U);
}

TEST(Secret, LeavesNothingInItsStorageWhenDestroyed) {
    Storage storage;
    Secret* secret = storage.make(short_text);
    ASSERT_TRUE(storage.holds(short_text)) << "short texts lie inside std::string here";
    std::destroy_at(secret);
    EXPECT_FALSE(storage.holds(short_text.substr(1, 6)));
}

TEST(Secret, LeavesNothingBehindWhenMovedFrom) {
    Storage storage;
    Secret* secret = storage.make(short_text);
    const Secret moved(std::move(*secret));
    EXPECT_EQ(moved.reveal(), short_text);
    EXPECT_FALSE(storage.holds(short_text.substr(1, 6)));
    EXPECT_TRUE(secret->empty()); // NOLINT(bugprone-use-after-move): that is the question
    std::destroy_at(secret);

    Secret* again = storage.make(short_text);
    Secret target(long_text);
    target = std::move(*again);
    EXPECT_EQ(target.reveal(), short_text);
    EXPECT_FALSE(storage.holds(short_text.substr(1, 6)));
    std::destroy_at(again);
}

TEST(Secret, WipesTheOldTextBeforeAShorterOneIsAssigned) {
    Secret secret(long_text);
    const char* buffer = secret.reveal().data();
    const Secret other("ab");
    secret = other;
    ASSERT_EQ(secret.reveal().data(), buffer) << "std::string keeps its buffer";
    // The bytes behind the new text are inside the live buffer.
    EXPECT_EQ(std::count(buffer + 3, buffer + long_text.size(), '\0'),
              static_cast<std::ptrdiff_t>(long_text.size() - 3));
}

TEST(Secret, CopiesAndSurvivesSelfAssignment) {
    Secret a(long_text);
    const Secret copy(a);
    Secret& same = a;
    a = same;
    EXPECT_EQ(a, copy);
    a = std::move(same);
    EXPECT_EQ(a, copy);
}

TEST(Secret, ComparesByContent) {
    EXPECT_EQ(Secret("abc"), Secret("abc"));
    EXPECT_NE(Secret("abc"), Secret("abd"));
    EXPECT_NE(Secret("abc"), Secret("abcd"));
    EXPECT_EQ(Secret(), Secret(""));
}
