// SPDX-License-Identifier: MIT
// That a secret lies nowhere as it is, is wiped wherever it lay, and cannot be printed by accident.
#include "provisioning/base/secret.hpp"

#include <array>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>

using base::Revealed;
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

// A view of a text that ends with its expression does not compile, and no copy is made of it.
static_assert(!std::is_convertible_v<Revealed, std::string_view>);
static_assert(std::is_convertible_v<const Revealed&, std::string_view>);
static_assert(!std::is_copy_constructible_v<Revealed> && !std::is_move_constructible_v<Revealed>);
static_assert(!fmt::is_formattable<Revealed>::value);

/// Storage that a test may look at while an object lives in it, and after.
template <class T> struct Storage {
    alignas(T) std::array<char, sizeof(T)> bytes{};

    template <class Make> T* make(Make&& how) { return new (bytes.data()) T(how()); }

    std::string now() const {
        std::string copy(bytes.size(), '\0');
        std::memcpy(copy.data(), bytes.data(), copy.size());
        return copy;
    }

    bool holds(std::string_view text) const { return now().find(text) != std::string::npos; }
};

// Both lie inside the std::string itself, the masked one with its number in front.
constexpr std::string_view tiny_text = "s3cr3t!";
constexpr std::string_view short_text = "s3cr3t-pw";
constexpr std::string_view long_text = "a password too long to lie inside the string itself";

std::string text_of(const Secret& secret) {
    const Revealed text = secret.reveal();
    return std::string(text);
}

} // namespace

TEST(Secret, RevealsWhatItHolds) {
    EXPECT_EQ(Secret("abc").reveal(), "abc");
    EXPECT_EQ(Secret("abc").size(), 3U);
    EXPECT_TRUE(Secret().empty());
    EXPECT_EQ(Secret().reveal(), "");
    EXPECT_EQ(Secret().size(), 0U);
    EXPECT_FALSE(Secret("x").empty());
    EXPECT_EQ(text_of(Secret(std::string_view("a\0b", 3))), std::string("a\0b", 3));
    const std::string large(3'000'001, 'x'); // more than one piece of the stream
    EXPECT_EQ(text_of(Secret(large)), large);
}

TEST(Secret, DoesNotLieInMemoryAsItIs) {
    Storage<Secret> storage;
    Secret* secret = storage.make([] { return Secret(tiny_text); });
    EXPECT_FALSE(storage.holds(tiny_text));
    EXPECT_FALSE(storage.holds(tiny_text.substr(0, 4)));
    const Revealed text = secret->reveal();
    EXPECT_EQ(text, tiny_text);
    EXPECT_FALSE(storage.holds(tiny_text)) << "not even while it is in use";
    std::destroy_at(secret);
}

TEST(Secret, OfTheSameTextLiesThereInAnotherWayEachTime) {
    Storage<Secret> a;
    Storage<Secret> b;
    Secret* first = a.make([] { return Secret(tiny_text); });
    Secret* second = b.make([] { return Secret(tiny_text); });
    // Where a std::string keeps a short text: the last 16 bytes; behind the number stands the text.
    const auto masked = [](const std::string& bytes) { return bytes.substr(bytes.size() - 8, 7); };
    EXPECT_NE(masked(a.now()), masked(b.now()));
    EXPECT_EQ(*first, *second);
    std::destroy_at(first);
    std::destroy_at(second);
}

TEST(Secret, LeavesNothingInItsStorageWhenDestroyed) {
    Storage<Secret> storage;
    Secret* secret = storage.make([] { return Secret(tiny_text); });
    const std::string masked = storage.now().substr(sizeof(Secret) - 8, 7);
    ASSERT_TRUE(storage.holds(masked));
    std::destroy_at(secret);
    EXPECT_FALSE(storage.holds(masked));
}

TEST(Secret, LeavesNothingBehindWhenMovedFrom) {
    Storage<Secret> storage;
    Secret* secret = storage.make([] { return Secret(tiny_text); });
    const std::string masked = storage.now().substr(sizeof(Secret) - 8, 7);
    const Secret moved(std::move(*secret));
    EXPECT_EQ(moved.reveal(), tiny_text);
    EXPECT_FALSE(storage.holds(masked));
    EXPECT_TRUE(secret->empty()); // NOLINT(bugprone-use-after-move): that is the question
    Secret target(long_text);
    *secret = Secret(short_text);
    target = std::move(*secret);
    EXPECT_EQ(target.reveal(), short_text);
    EXPECT_TRUE(secret->empty()); // NOLINT(bugprone-use-after-move): that is the question
    std::destroy_at(secret);
}

TEST(Secret, IsRevealedToAPlaceThatIsWipedAfterUse) {
    const Secret secret(short_text);
    Storage<Revealed> storage;
    Revealed* text = storage.make([&] { return secret.reveal(); });
    ASSERT_TRUE(storage.holds(short_text)) << "short texts lie inside std::string here";
    EXPECT_EQ(text->c_str(), short_text);
    std::destroy_at(text);
    EXPECT_FALSE(storage.holds(short_text.substr(1, 6)));
}

TEST(Secret, TakesAShorterTextAfterALongerOne) {
    Secret secret(long_text);
    const Secret other("ab");
    secret = other;
    EXPECT_EQ(secret.reveal(), "ab");
    EXPECT_EQ(secret.size(), 2U);
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
