// SPDX-License-Identifier: MIT
// Random messages come through whatever their spelling is, and random lists through what we write.
#include "provisioning/base/xml.hpp"
#include "provisioning/wpi/message.hpp"
#include "provisioning/wpi/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace {

using wpi::Item;
using wpi::Reason;

constexpr int rounds = 2'000;

/// A phone's pen: every choice that XML leaves is made by chance.
class Writer {
  public:
    explicit Writer(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t end) {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
    }

    bool chance() { return below(2) == 0; }

    template <class List> auto any(const List& list) { return list[below(list.size())]; }

    std::string blanks(bool at_least_one = false) {
        static const std::array<std::string, 5> kinds = {" ", "\n", "\t", "\r\n", "  "};
        std::string out = at_least_one ? any(kinds) : "";
        while (below(3) == 0) {
            out += any(kinds);
        }
        return out;
    }

    std::string letters(std::string_view from, std::size_t least, std::size_t most) {
        std::string out(least + below(most - least + 1), ' ');
        std::generate(out.begin(), out.end(), [&] { return from[below(from.size())]; });
        return out;
    }

    /// Trimmed text with all that is awkward.
    std::string value() {
        static const std::array<std::string, 14> parts = {
            "a", "7",  "<",  ">",        "&",        "\"",           "'",
            " ", "\n", "]]", "\xC3\xBC", "&amp;lt;", "\xE4\xBD\xA0", "\xF0\x9F\x93\x9E"};
        std::string out;
        for (std::size_t i = below(12); i > 0; --i) {
            out += any(parts);
        }
        const auto begin = out.find_first_not_of(" \n");
        return begin == std::string::npos
                   ? std::string()
                   : out.substr(begin, out.find_last_not_of(" \n") - begin + 1);
    }

    /// Escaped in one of the ways that there are.
    std::string escaped(std::string_view raw, char quote = '\0') {
        std::string out;
        for (const char c : raw) {
            const bool must = c == '<' || c == '&' || c == '>' || (quote != '\0' && c == quote) ||
                              (quote != '\0' && c == '\n');
            const auto code = static_cast<unsigned char>(c);
            if (!must && (code >= 0x80 || below(8) != 0)) {
                out += c;
            } else if (code >= 0x80 || chance()) {
                out += fmt::format("&#{};", code);
            } else {
                out += fmt::format("&#x{:X};", code);
            }
        }
        return out;
    }

    std::string text(std::string_view raw) {
        if (raw.find("]]>") == std::string_view::npos && !raw.empty() && below(4) == 0) {
            return blanks() + "<![CDATA[" + std::string(raw) + "]]>" + blanks();
        }
        return blanks() + escaped(raw) + (below(4) == 0 ? "<!-- <Item> -->" : "") + blanks();
    }

    using Attributes = std::vector<std::pair<std::string, std::string>>;

    std::string element(const std::string& name, Attributes attributes, const std::string& inside) {
        std::shuffle(attributes.begin(), attributes.end(), random_);
        std::string out = "<" + prefix + name;
        for (const auto& [key, raw] : attributes) {
            const char quote = chance() ? '"' : '\'';
            out += blanks(true) + key + blanks() + "=" + blanks() + quote + escaped(raw, quote) +
                   quote;
        }
        out += blanks();
        if (inside.empty() && chance()) {
            return out + "/>";
        }
        return out + ">" + inside + "</" + prefix + name + blanks() + ">";
    }

    std::string mixed_case(std::string word) {
        for (char& c : word) {
            c = chance() && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        return word;
    }

    std::string prefix;

  private:
    std::mt19937 random_;
};

constexpr std::string_view digits = "0123456789ABCDEFabcdef";
constexpr std::string_view name_letters = "abcXYZ169-";

std::vector<Item> any_items(Writer& pen, bool with_status) {
    static const std::array<std::string, 3> statuses = {"failed", "unknown item", "read only"};
    static const std::array<std::string, 4> known = {"line-sip-uri", "function-key-def", "reg-addr",
                                                     "codec-rank"};
    std::vector<Item> items;
    for (std::size_t i = pen.below(8); i > 0; --i) {
        Item item{pen.chance() ? pen.any(known) : pen.letters(name_letters, 1, 128), std::nullopt,
                  pen.value()};
        if (pen.chance()) {
            item.index = static_cast<int>(pen.below(1100));
        }
        if (with_status && pen.chance()) {
            item.status = pen.any(statuses);
        }
        items.push_back(std::move(item));
    }
    return items;
}

wpi::PhoneMessage any_message(Writer& pen) {
    static const std::array<std::pair<std::string, Reason>, 8> reasons = {
        {{"start-up", Reason::start_up},
         {"local-changes", Reason::local_changes},
         {"inventory-changes", Reason::inventory_changes},
         {"status", Reason::status},
         {"solicited", Reason::solicited},
         {"reply-to", Reason::reply_to},
         {"clean-up", Reason::clean_up},
         {"what-else", Reason::other}}};
    wpi::PhoneMessage message;
    message.nonce = pen.letters(digits, 1, 64);
    message.has_more = pen.chance();
    if (pen.chance()) {
        message.most_items = 1 + pen.below(500);
    }
    std::tie(message.reason_text, message.reason) = pen.any(reasons);
    if (message.reason == Reason::reply_to) {
        message.action = pen.chance() ? "WriteItems" : "NoAction";
        message.outcome = static_cast<wpi::Outcome>(pen.below(3));
    }
    message.items = any_items(pen, true);
    return message;
}

std::string written_by(Writer& pen, const wpi::PhoneMessage& message) {
    static const std::array<std::string, 3> outcomes = {"accepted", "failed", "busy"};
    pen.prefix = pen.chance() ? "" : "d:";
    std::string list;
    for (const Item& item : message.items) {
        Writer::Attributes attributes{{"name", item.name}};
        if (item.index) {
            attributes.emplace_back("index", std::to_string(*item.index));
        }
        if (!item.status.empty()) {
            auto status = pen.mixed_case(item.status);
            std::replace(status.begin(), status.end(), ' ', pen.chance() ? '-' : ' ');
            attributes.emplace_back("status", status);
        }
        list += pen.blanks() + pen.element("Item", attributes, pen.text(item.value));
    }
    Writer::Attributes about{{"nonce", message.nonce}};
    Writer::Attributes reason;
    if (message.most_items || pen.chance()) {
        about.emplace_back("maxItems",
                           message.most_items ? std::to_string(*message.most_items) : "-1");
    }
    if (message.has_more || pen.chance()) {
        (pen.chance() ? about : reason)
            .emplace_back("fragment", message.has_more ? "next" : "final");
    }
    if (message.reason == Reason::reply_to) {
        reason.emplace_back("action", message.action);
        reason.emplace_back("status",
                            pen.mixed_case(outcomes.at(static_cast<std::size_t>(message.outcome))));
    }
    std::string inside =
        pen.blanks() + pen.element("ReasonForContact", reason, pen.text(message.reason_text));
    if (!list.empty() || pen.chance()) {
        inside += pen.element("ItemList", {}, list);
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + pen.blanks() +
           pen.element("WorkpointMessage",
                       {{"xmlns", "http://www.siemens.com/DLS"}, {"xmlns:d", "urn:x"}},
                       pen.blanks() + pen.element("Message", about, inside) + pen.blanks());
}

/// As any reader of XML would have it.
std::vector<Item> read_back(const std::string& text, const wpi::ServiceMessage& sent) {
    const auto root = base::parse_xml(text);
    EXPECT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->name, "DLSMessage");
    EXPECT_EQ(root->attribute("xmlns"), "http://www.siemens.com/DLS");
    EXPECT_EQ(root->attribute("xsi:schemaLocation"), "http://www.siemens.com/DLS");
    const auto* message = root->child("Message");
    EXPECT_EQ(message->attribute("nonce"), sent.nonce);
    EXPECT_EQ(message->child("Action")->text, wpi::name(sent.action));
    const auto* list = message->child("ItemList");
    EXPECT_EQ(list == nullptr, sent.items.empty());
    std::vector<Item> items;
    for (const auto& node : list == nullptr ? std::vector<base::XmlNode>() : list->children) {
        const auto index = node.attribute("index");
        items.push_back(
            {std::string(node.attribute("name")),
             index.empty() ? std::nullopt : std::optional(std::stoi(std::string(index))),
             node.text});
    }
    return items;
}

} // namespace

TEST(AnyPhoneMessage, IsReadAsItWasMeant) {
    for (unsigned seed = 0; seed < rounds; ++seed) {
        Writer pen(seed);
        const auto meant = any_message(pen);
        const auto text = written_by(pen, meant);
        const auto read = wpi::parse(text);
        ASSERT_TRUE(read) << read.error().what << "\n" << text;
        ASSERT_EQ(*read, meant) << "seed " << seed << "\n" << text;
    }
}

TEST(AnyServiceMessage, IsReadBackAsItWasWritten) {
    for (unsigned seed = 0; seed < rounds; ++seed) {
        Writer pen(seed);
        const wpi::ServiceMessage sent{pen.letters(digits, 1, 64),
                                       static_cast<wpi::Action>(pen.below(8)),
                                       any_items(pen, false)};
        ASSERT_EQ(read_back(wpi::write(sent), sent), sent.items) << "seed " << seed;
        auto legacy = sent;
        for (Item& item : legacy.items) {
            std::erase_if(item.value, [](char c) { return c == '<' || c == '>'; });
            std::replace(item.value.begin(), item.value.end(), '&', '+');
        }
        ASSERT_EQ(read_back(wpi::write(sent, wpi::Escape::legacy), sent), legacy.items);
    }
}

TEST(AnyList, IsSplitWithoutLossAndWithinItsLimits) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        Writer pen(seed);
        std::vector<Item> items;
        for (std::size_t i = pen.below(12); i > 0; --i) {
            for (Item& item : any_items(pen, false)) {
                item.value += std::string(pen.below(1'500), 'x');
                items.push_back(std::move(item));
            }
        }
        const auto most = pen.below(40);
        std::vector<Item> all;
        for (const auto& message : wpi::split(items, most)) {
            ASSERT_FALSE(message.empty());
            ASSERT_TRUE(most == 0 || message.size() <= most);
            ASSERT_LT(wpi::write({std::string(64, 'A'), wpi::Action::write_items, message}).size(),
                      wpi::largest_written);
            all.insert(all.end(), message.begin(), message.end());
        }
        ASSERT_TRUE(std::is_permutation(all.begin(), all.end(), items.begin(), items.end()));
    }
}
