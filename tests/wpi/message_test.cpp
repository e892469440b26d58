// SPDX-License-Identifier: MIT
// Messages of phones and to phones, in the shapes that the guide and other programs show.
#include "provisioning/wpi/message.hpp"

#include "provisioning/base/xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using wpi::Action;
using wpi::Item;
using wpi::Outcome;
using wpi::Reason;

std::string data(const std::string& name) {
    std::ifstream file(std::string(TEST_DATA) + "/wpi/" + name, std::ios::binary);
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>(file), {}};
}

wpi::PhoneMessage read(const std::string& text) {
    const auto message = wpi::parse(text);
    EXPECT_TRUE(message) << message.error().what << "\n" << text;
    return message.value_or(wpi::PhoneMessage{});
}

std::string error_of(std::string_view text) {
    const auto message = wpi::parse(text);
    return message ? "no error" : message.error().what;
}

/// A whole message around what stands in it.
std::string around(const std::string& inside, const std::string& attributes = "nonce=\"A1\"") {
    return "<WorkpointMessage xmlns=\"http://www.siemens.com/DLS\"><Message " + attributes + ">" +
           inside + "</Message></WorkpointMessage>";
}

} // namespace

TEST(PhoneMessage, OfAStartUpHasAllItems) {
    const auto message = read(data("start-up.xml"));
    EXPECT_EQ(message.nonce, "4C1F09A2B7D84E63A5509E1BD2C7F834");
    EXPECT_EQ(message.most_items, std::nullopt) << "-1 is no limit";
    EXPECT_EQ(message.reason, Reason::start_up);
    EXPECT_EQ(message.reason_text, "start-up");
    EXPECT_FALSE(message.has_more);
    ASSERT_EQ(message.items.size(), 10U);
    EXPECT_EQ(message.value("device-type"), "OpenStage 40");
    EXPECT_EQ(message.value("contact-me-uri"),
              "http://10.20.31.77:8085/contact_dls.html/ContactDLS");
    EXPECT_EQ(message.value("mac-addr"), "00:1A:E8:10:20:30");
    EXPECT_EQ(message.value("e164"), "");
    ASSERT_NE(message.item("user-pwd-unicode"), nullptr);
    EXPECT_EQ(message.item("user-pwd-unicode")->status, "failed");
    EXPECT_EQ(message.value("nothing"), "");
    EXPECT_EQ(message.item("nothing"), nullptr);
}

TEST(PhoneMessage, OfAFragmentSaysThatMoreComes) {
    const auto first = read(data("fragment-next.xml"));
    EXPECT_EQ(first.reason, Reason::reply_to);
    EXPECT_EQ(first.action, "ReadAllItems");
    EXPECT_EQ(first.outcome, Outcome::accepted);
    EXPECT_TRUE(first.has_more);
    const auto last = read(data("fragment-final.xml"));
    EXPECT_FALSE(last.has_more);
    EXPECT_EQ(last.items.front(), (Item{"function-key-def", 1, "59"}));
    EXPECT_TRUE(
        read(around("<ReasonForContact fragment='next'>reply-to</ReasonForContact>")).has_more)
        << "the guide's table has it there";
}

TEST(PhoneMessage, OfAReplyHasAnOutcome) {
    const auto all_good = read(data("reply-write.xml"));
    EXPECT_EQ(all_good.action, "WriteItems");
    EXPECT_THAT(all_good.items, testing::IsEmpty());

    const auto busy = read(data("reply-busy.xml"));
    EXPECT_EQ(busy.outcome, Outcome::busy);
    EXPECT_THAT(busy.items, testing::IsEmpty());

    const auto errors = read(data("reply-errors.xml"));
    EXPECT_EQ(errors.outcome, Outcome::accepted);
    EXPECT_THAT(errors.items, ElementsAre(Item{"no-such-item", std::nullopt, "", "unknown item"},
                                          Item{"key-label-unicode", 99, "", "failed"},
                                          Item{"device-type", std::nullopt, "", "read only"}));

    const auto outcome = [](const std::string& attributes) {
        return read(around("<ReasonForContact " + attributes + ">reply-to</ReasonForContact>"))
            .outcome;
    };
    EXPECT_EQ(outcome("action='WriteItems' status='Busy'"), Outcome::busy);
    EXPECT_EQ(outcome("action='WriteItems' status='Accepted'"), Outcome::accepted);
    EXPECT_EQ(outcome("action='WriteItems' status='failed'"), Outcome::failed);
    EXPECT_EQ(outcome("action='WriteItems'"), Outcome::accepted) << "early phones leave it out";
    EXPECT_EQ(outcome("status='no idea'"), Outcome::failed);
}

TEST(PhoneMessage, OfEachOtherReason) {
    const auto changes = read(data("local-changes.xml"));
    EXPECT_EQ(changes.reason, Reason::local_changes);
    EXPECT_EQ(changes.value("ringer-melody"), "4");
    EXPECT_EQ(changes.value("configuration-attached-flag"), "true");
    EXPECT_EQ(read(data("solicited.xml")).reason, Reason::solicited);
    EXPECT_EQ(read(data("reply-read.xml")).value("ipaddress"), "10.20.31.77");
    const auto status = read(data("status.xml"));
    EXPECT_EQ(status.reason, Reason::status);
    EXPECT_EQ(status.value("file-deployment-status"), "ok");
    const auto gone = read(data("clean-up.xml"));
    EXPECT_EQ(gone.reason, Reason::clean_up);
    EXPECT_EQ(gone.value("cleanup-reason"), "password retries exceeded");
    EXPECT_EQ(read(data("inventory-changes.xml")).reason, Reason::inventory_changes);
    const auto strange = read(around("<ReasonForContact> so-what\n</ReasonForContact>"));
    EXPECT_EQ(strange.reason, Reason::other);
    EXPECT_EQ(strange.reason_text, "so-what");
    EXPECT_EQ(read(around("")).reason, Reason::other) << "and none is none";
}

TEST(PhoneMessage, IsReadWhateverItsFormIs) {
    const auto message = read("\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- x --><d:WorkpointMessage "
                              "xmlns:d='urn:other' xmlns:name='urn:x'>"
                              "<d:Other/>"
                              "<d:Message fragment='NEXT' new='1'  maxItems = ' 20 ' nonce='ab9'>"
                              "<d:ReasonForContact STATUS='x' status=' BUSY ' "
                              "action='readallitems'>\n Reply-To \n</d:ReasonForContact>"
                              "<d:ItemList><d:Sub><d:Item name='hidden'>1</d:Item></d:Sub>"
                              "<d:Item index='2' type='x' d:name='a'>\r\n v <d:b>no</d:b> "
                              "</d:Item><d:Item status=' Read-Only ' name='b'/>"
                              "<d:Item index='-1' name='c'/><d:Item index='two' name='c'/>"
                              "<d:Item>nameless</d:Item></d:ItemList>"
                              "</d:Message></d:WorkpointMessage>\n");
    EXPECT_EQ(message.nonce, "ab9");
    EXPECT_EQ(message.most_items, 20U);
    EXPECT_TRUE(message.has_more);
    EXPECT_EQ(message.reason, Reason::reply_to);
    EXPECT_EQ(message.action, "ReadAllItems");
    EXPECT_EQ(message.outcome, Outcome::busy);
    EXPECT_THAT(message.items,
                ElementsAre(Item{"a", 2, "v"}, Item{"b", std::nullopt, "", "read only"}));
}

TEST(PhoneMessage, HasNoLimitOfItemsUnlessItNamesOne) {
    const auto most = [](const std::string& attribute) {
        return read(around("", "nonce='1' " + attribute)).most_items;
    };
    EXPECT_EQ(most(""), std::nullopt);
    EXPECT_EQ(most("maxItems='0'"), std::nullopt);
    EXPECT_EQ(most("maxItems='many'"), std::nullopt);
    EXPECT_EQ(most("maxItems='1'"), 1U);
}

TEST(PhoneMessage, NeedsItsRootAndANonce) {
    EXPECT_THAT(error_of("<DLSMessage><Message nonce='1'/></DLSMessage>"),
                HasSubstr("no WorkpointMessage"));
    EXPECT_THAT(error_of("<WorkpointMessage/>"), HasSubstr("no Message"));
    for (const std::string nonce :
         {"", "nonce=''", "nonce='a b'", "nonce='&#228;'", "nonce='a-1'", "xmlns:nonce='a1'",
          "nonce='12345678901234567890123456789012345678901234567890123456789012345'"}) {
        EXPECT_THAT(error_of(around("", nonce)), HasSubstr("nonce")) << nonce;
    }
    EXPECT_EQ(error_of(around("", "nonce='" + std::string(64, 'F') + "'")), "no error");
}

TEST(PhoneMessage, IsNotQuotedInAnError) {
    for (const std::string inside :
         {"<Item name='user-pwd'>4711<sesame</Item>", "<Item name='user-pwd'>47&sesame;</Item>",
          "<Item name='user-pwd'>47</sesame>", "<Item name='user-pwd' sesame>4</Item>",
          "<Item name='user-pwd' value='sesame&'>4</Item>", "<sesame>", "&#xsesame;",
          "<Item sesame='1' sesame='2'/>", "<?xml sesame?>", "<![CDATA[sesame"}) {
        EXPECT_THAT(error_of(around("<ItemList>" + inside + "</ItemList>")),
                    AllOf(testing::StartsWith("line 1 column "), Not(HasSubstr("sesame"))))
            << inside;
    }
}

TEST(ServiceMessage, IsWrittenAsTheGuideHasIt) {
    EXPECT_EQ(wpi::write({"4C1F09A2B7D84E63A5509E1BD2C7F834", Action::read_all_items}),
              data("read-all-items.xml"));
    EXPECT_EQ(wpi::write({"A0E102",
                          Action::write_items,
                          {{"e164", std::nullopt, "4210"},
                           {"sip-pwd", std::nullopt, "an-example-only"},
                           {"function-key-def", 1, "59"},
                           {"key-label-unicode", 1, "Front desk"},
                           {"dcmp-url", std::nullopt, "http://10.20.30.5:8080/dcmp/"},
                           {"realm", std::nullopt, ""}}}),
              data("write-items.xml"));
    EXPECT_EQ(wpi::write({"F1", Action::clean_up, {{"send-solicited", std::nullopt, "true"}}}),
              data("clean-up-send-solicited.xml"));
}

TEST(ServiceMessage, SpellsEveryAction) {
    std::vector<std::string> spelt;
    for (int i = 0; i <= static_cast<int>(Action::clean_up); ++i) {
        const auto action = static_cast<Action>(i);
        spelt.emplace_back(wpi::name(action));
        EXPECT_EQ(wpi::action_named(spelt.back()), action);
    }
    EXPECT_THAT(spelt,
                ElementsAre("ReadAllItems", "ReadItems", "WriteItems", "Restart", "FileDeployment",
                            "SoftwareDeployment", "GetNextFragment", "CleanUp"));
    EXPECT_EQ(wpi::action_named("CLEANUP"), Action::clean_up);
    EXPECT_EQ(wpi::action_named("Clean-Up"), std::nullopt);
}

TEST(ServiceMessage, EscapesAsPhonesDecode) {
    const auto value = [](const std::string& raw, wpi::Escape escape) {
        const auto text = wpi::write(Item{"a", std::nullopt, raw}, escape);
        const auto begin = text.find('>') + 1;
        return text.substr(begin, text.rfind("</Item>") - begin);
    };
    EXPECT_EQ(value("a<b>&\"c'\t\r\nd", wpi::Escape::normal),
              "a&lt;b&gt;&amp;&#34;c&#39;\t&#13;\nd");
    EXPECT_EQ(value("a<b>&\"c' &lt;", wpi::Escape::legacy), "ab+&#34;c&#39; +lt;");
    EXPECT_EQ(value("&quot;", wpi::Escape::normal), "&amp;quot;");
    EXPECT_EQ(value("a\x01\xFF", wpi::Escape::normal), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}
