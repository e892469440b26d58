// SPDX-License-Identifier: MIT
// What attackers send instead of messages is refused at once, and takes no memory.
#include "provisioning/wpi/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

// How libxml2 is told where its memory comes from; only base/xml.cpp may see its headers.
extern "C" {
int xmlMemSetup(void (*release)(void*),
                void* (*take)(std::size_t),
                void* (*change)(void*, std::size_t),
                char* (*copy)(const char*));
}

namespace {

/// All memory that C++ and libxml2 hold, and the most that they held.
std::atomic<std::ptrdiff_t> held{0};
std::atomic<std::ptrdiff_t> most_held{0};
std::atomic<int> taken_by_libxml2{0};

void count(void* block, std::ptrdiff_t sign) {
    if (block != nullptr) {
        const auto size = static_cast<std::ptrdiff_t>(malloc_usable_size(block));
        const auto now = held.fetch_add(sign * size) + sign * size;
        if (now > most_held) {
            most_held = now;
        }
    }
}

void* take(std::size_t size) {
    void* block = std::malloc(size);
    count(block, 1);
    return block;
}

void release(void* block) {
    count(block, -1);
    std::free(block);
}

extern "C" void* xml_take(std::size_t size) {
    ++taken_by_libxml2;
    return take(size);
}

extern "C" void xml_release(void* block) {
    release(block);
}

extern "C" void* xml_change(void* block, std::size_t size) {
    ++taken_by_libxml2;
    count(block, -1);
    void* changed = std::realloc(block, size);
    count(changed, 1);
    return changed;
}

extern "C" char* xml_copy(const char* text) {
    const std::size_t size = std::strlen(text) + 1;
    auto* copy = static_cast<char*>(xml_take(size));
    return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, size));
}

} // namespace

void* operator new(std::size_t size) {
    void* block = take(size == 0 ? 1 : size);
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    return block;
}

void operator delete(void* block) noexcept {
    release(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
    release(block);
}

namespace {

using testing::HasSubstr;

constexpr std::string_view head = "<WorkpointMessage><Message nonce='A1'><ItemList>";
constexpr std::string_view tail = "</ItemList></Message></WorkpointMessage>";

struct Attack {
    std::string error;
    std::ptrdiff_t memory = 0; ///< bytes that were held at most, above those before
    int for_libxml2 = 0;       ///< how often it took memory: 0, it never saw a byte
    std::chrono::steady_clock::duration time{};
};

Attack attack(std::string_view text) {
    [[maybe_unused]] static const int is_set_up =
        (wpi::parse("<a/>"), xmlMemSetup(xml_release, xml_take, xml_change, xml_copy));
    Attack made;
    const std::ptrdiff_t before = held;
    const int taken = taken_by_libxml2;
    most_held = before;
    const auto start = std::chrono::steady_clock::now();
    {
        const auto message = wpi::parse(text);
        made.error = message ? "no error" : message.error().what;
    }
    made.time = std::chrono::steady_clock::now() - start;
    made.memory = most_held - before;
    made.for_libxml2 = taken_by_libxml2 - taken;
    return made;
}

/// Refused before libxml2 sees it, with next to no memory and in linear time.
void expect_refused_unread(const std::string& text, const std::string& why) {
    const Attack made = attack(text);
    EXPECT_THAT(made.error, HasSubstr(why)) << text.substr(0, 80);
    EXPECT_EQ(made.for_libxml2, 0) << text.substr(0, 80);
    EXPECT_LT(made.memory, 8 * 1024) << text.substr(0, 80);
    EXPECT_LT(made.time, std::chrono::seconds(2)) << text.substr(0, 80);
}

std::string repeated(std::string_view part, std::size_t times) {
    std::string out;
    out.reserve(part.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        out += part;
    }
    return out;
}

} // namespace

TEST(HostileMessage, IsMeasured) {
    const Attack good = attack(std::string(head) + "<Item name='a'>" + std::string(100'000, 'x') +
                               "</Item>" + std::string(tail));
    EXPECT_EQ(good.error, "no error");
    EXPECT_GT(good.memory, 100'000) << "or the other tests prove nothing";
    EXPECT_GT(good.for_libxml2, 0);
}

TEST(HostileMessage, WithADoctypeIsRefusedUnread) {
    expect_refused_unread("<!DOCTYPE a><WorkpointMessage/>", "DOCTYPE");
    expect_refused_unread("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM "
                          "'file:///etc/passwd'>]><WorkpointMessage>&x;</WorkpointMessage>",
                          "DOCTYPE");
    expect_refused_unread("<!DOCTYPE a SYSTEM 'http://192.0.2.1/a.dtd'><WorkpointMessage/>",
                          "DOCTYPE");
    std::string laughs = "<!DOCTYPE a [<!ENTITY e0 'ha'>";
    for (int i = 1; i < 40; ++i) {
        laughs += fmt::format("<!ENTITY e{} '{}'>", i, repeated(fmt::format("&e{};", i - 1), 10));
    }
    expect_refused_unread(laughs + "]><WorkpointMessage>&e39;</WorkpointMessage>", "DOCTYPE");
    expect_refused_unread("<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///dev/zero'> %x;]><a/>",
                          "DOCTYPE");
}

TEST(HostileMessage, OfAHundredMegabytesIsRefusedUnread) {
    std::string text(head);
    text.resize(std::size_t{100} * 1024 * 1024, 'x');
    expect_refused_unread(text, "104857600 bytes, more than the 1048576 allowed");
}

TEST(HostileMessage, ThatNestsIsRefusedUnread) {
    expect_refused_unread(repeated("<a>", 300'000), "nest deeper than 8");
    expect_refused_unread(std::string(head) + repeated("<b>", 6) + repeated("</b>", 6) +
                              std::string(tail),
                          "nest deeper than 8");
    EXPECT_EQ(
        attack(std::string(head) + repeated("<b>", 5) + repeated("</b>", 5) + std::string(tail))
            .error,
        "no error");
}

TEST(HostileMessage, OfAMillionAttributesIsRefusedUnread) {
    std::string text = "<WorkpointMessage";
    for (int i = 0; text.size() < wpi::largest_message - 20; ++i) {
        text += fmt::format(" a{}=''", i);
    }
    expect_refused_unread(text + "/>", "more than 256 attributes");
}

TEST(HostileMessage, OfAMillionElementsIsRefusedUnread) {
    expect_refused_unread(std::string(head) + repeated("<a/>", 250'000), "more elements than");
    expect_refused_unread(std::string(head) + repeated("<Item name='a'/>", 12'000) +
                              std::string(tail),
                          "more elements than");
}

TEST(HostileMessage, OfTooManyItemsIsRefused) {
    const auto of = [](std::size_t items) {
        return attack(std::string(head) + repeated("<Item name='a'/>", items) + std::string(tail));
    };
    EXPECT_EQ(of(10'000).error, "no error");
    const Attack made = of(10'001);
    EXPECT_THAT(made.error, HasSubstr("more than 10000 items"));
    EXPECT_LT(made.memory, 16 * 1024 * 1024);
}

TEST(HostileMessage, WithAnItemThatIsTooLongIsRefused) {
    const auto with = [](const std::string& name, const std::string& value) {
        return attack(std::string(head) + "<Item name='" + name + "'>" + value + "</Item>" +
                      std::string(tail))
            .error;
    };
    EXPECT_EQ(with(std::string(128, 'n'), std::string(262'144, 'v')), "no error");
    EXPECT_THAT(with(std::string(129, 'n'), "v"), HasSubstr("129 bytes of name"));
    EXPECT_THAT(with("n", std::string(262'145, 'v')), HasSubstr("262145 of value"));
}

TEST(HostileMessage, OfBytesThatAreNoTextIsRefused) {
    expect_refused_unread(std::string(head) + std::string(1, '\0') + std::string(tail),
                          "zero byte");
    expect_refused_unread("<?xml version='1.0' encoding='UTF-7'?><WorkpointMessage/>",
                          "'UTF-7' is not supported");
    expect_refused_unread("<?xml version='1.0' encoding='UTF-16'?><WorkpointMessage/>",
                          "not supported");
    for (const std::string bytes : {"\xFF", "\xC3", "\xED\xA0\x80", "\xC0\xBC", "\xF5\x80\x80\x80",
                                    "\x01", "&#0;", "&#xD800;", "&#xFFFE;"}) {
        const Attack made =
            attack(std::string(head) + "<Item name='a'>" + bytes + "</Item>" + std::string(tail));
        EXPECT_THAT(made.error, HasSubstr("not well-formed")) << testing::PrintToString(bytes);
        EXPECT_LT(made.memory, 256 * 1024);
    }
}

TEST(HostileMessage, ThatIsCutShortIsRefused) {
    const std::string whole = std::string(head) + "<Item name='a'>b</Item>" + std::string(tail);
    ASSERT_EQ(attack(whole).error, "no error");
    for (std::size_t end = 0; end < whole.size(); ++end) {
        EXPECT_NE(attack(whole.substr(0, end)).error, "no error") << end;
    }
    EXPECT_NE(attack(whole + "x").error, "no error");
    EXPECT_NE(attack(whole + whole).error, "no error");
}

TEST(HostileMessage, WithoutADeclaredEntityIsRefused) {
    EXPECT_THAT(attack(std::string(head) + "&nbsp;" + std::string(tail)).error,
                testing::AllOf(HasSubstr("not well-formed"), testing::Not(HasSubstr("nbsp"))));
}
