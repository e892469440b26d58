// SPDX-License-Identifier: MIT
#include "module/phone/wpi_message.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view root = "<DLSMessage xmlns=\"http://www.siemens.com/DLS\"\n"
                                  "  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
                                  "  xsi:schemaLocation=\"http://www.siemens.com/DLS\">";

std::string message(std::string_view inside) {
    return fmt::format("{}<Message nonce=\"A1\">{}</Message></DLSMessage>", root, inside);
}

std::string fault(const std::string& text) {
    const auto words = read_words(text);
    return words ? "" : words.error().what;
}

TEST(WpiMessage, ReadsAWriteWithIndexesInAnyOrder) {
    const auto words = read_words(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
        message("<Action> WriteItems\n</Action><ItemList>\n <Item name=\"e164\">4210</Item>\n"
                " <Item index=\"1\" name=\"key-label-unicode\">Front &#34;desk&#x22; &#252;</Item>"
                "<Item name='reg-addr'/>\n</ItemList>") +
        "\n");
    ASSERT_TRUE(words) << words.error().what;
    EXPECT_EQ(words->nonce, "A1");
    EXPECT_EQ(words->action, "WriteItems");
    ASSERT_THAT(words->items, SizeIs(3));
    EXPECT_EQ(words->items[0].value, "4210");
    EXPECT_EQ(words->items[1].index, "1");
    EXPECT_EQ(words->items[1].value, "Front \"desk\" ü");
    EXPECT_EQ(words->items[2].value, "");
    EXPECT_THAT(words->doubtful, IsEmpty());
}

TEST(WpiMessage, RemarksOnEntitiesThatOldFirmwareDoesNotDecode) {
    const auto words = read_words(message(
        "<Action>WriteItems</Action><ItemList><Item name=\"display-id\">A &amp; B</Item>"
        "<Item name=\"key-label\" index=\"2\">&lt;</Item><Item name=\"e164\">1</Item></ItemList>"));
    ASSERT_TRUE(words);
    EXPECT_EQ(words->items[0].value, "A & B");
    EXPECT_THAT(words->doubtful, ElementsAre("display-id", "key-label/2"));
}

TEST(WpiMessage, RefusesWhatAServiceMustNotSend) {
    EXPECT_EQ(fault(message("<Action>CleanUp</Action>")), "");
    EXPECT_THAT(fault(""), HasSubstr("no element"));
    EXPECT_THAT(fault("\xEF\xBB\xBF" + message("<Action>CleanUp</Action>")), HasSubstr("no elem"));
    EXPECT_THAT(fault("\n" + message("<Action>CleanUp</Action>")), HasSubstr("no element"));
    EXPECT_THAT(fault(message("<Action>CleanUp</Action>") + "debug"), HasSubstr("behind"));
    EXPECT_THAT(fault("<!DOCTYPE x>" + message("<Action>CleanUp</Action>")), HasSubstr("DTD"));
    EXPECT_THAT(fault(message("<!-- x --><Action>CleanUp</Action>")), HasSubstr("comment"));
    EXPECT_THAT(fault(message("")), HasSubstr("Action"));
    EXPECT_THAT(fault(message("<ItemList/>")), HasSubstr("Action"));
    EXPECT_THAT(fault(message("<Action>Reboot</Action>")), HasSubstr("Reboot"));
    EXPECT_THAT(fault(message("<Action>CleanUp</Action><More/>")), HasSubstr("ItemList"));
    EXPECT_THAT(fault(message("<Action>CleanUp</Action>text")), HasSubstr("nonce"));
    EXPECT_THAT(fault("<WorkpointMessage/>"), HasSubstr("WorkpointMessage"));
    EXPECT_THAT(fault("<DlsMessage/>"), HasSubstr("DlsMessage"));
    EXPECT_THAT(fault("<DLSMessage xmlns=\"http://www.siemens.com/DLS\"><Message nonce=\"1\">"
                      "<Action>CleanUp</Action></Message></DLSMessage>"),
                HasSubstr("three attributes"));
    EXPECT_THAT(fault(std::string(root) + "<Message><Action>CleanUp</Action></Message>"
                                          "</DLSMessage>"),
                HasSubstr("nonce"));
    const auto whole = message("<Action>CleanUp</Action>");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_NE(fault(whole.substr(0, length)), "") << length;
    }
}

TEST(WpiMessage, RefusesItemsThatAreNone) {
    const auto items = [](const std::string& inside) {
        return fault(message("<Action>WriteItems</Action><ItemList>" + inside + "</ItemList>"));
    };
    EXPECT_EQ(items("<Item name=\"a\" index=\"0\"/>"), "");
    EXPECT_THAT(items("<Item/>"), HasSubstr("without a name"));
    EXPECT_THAT(items("<Item name=\"a\" index=\"one\"/>"), HasSubstr("no number"));
    EXPECT_THAT(items("<Item name=\"a\" index=\"\"/>"), HasSubstr("no number"));
    EXPECT_THAT(items("<Item name=\"a\" status=\"secure\">0</Item>"), HasSubstr("name and index"));
    EXPECT_THAT(items("<Other name=\"a\"/>"), HasSubstr("something else"));
    EXPECT_THAT(items("<Item name=\"a\"><b/></Item>"), HasSubstr("deep"));
    EXPECT_THAT(items("<Item name=\"a\">&nbsp;</Item>"), HasSubstr("entity"));
    EXPECT_THAT(items("<Item name=\"a\">&#0;</Item>"), HasSubstr("entity"));
    EXPECT_THAT(items("<Item name=\"a\">a & b</Item>"), HasSubstr("entity"));
    EXPECT_THAT(items("<Item name=\"a\" name=\"b\"/>"), HasSubstr("twice"));
    EXPECT_THAT(items("<Item name=\"a\">x</Other>"), HasSubstr("end tag"));
    EXPECT_THAT(items("<Item name=\"a"), Not(IsEmpty()));
    EXPECT_THAT(items("<Item name=\"a\">\x01</Item>"), HasSubstr("character"));
}

TEST(WpiMessage, WritesWhatTheExamplesShow) {
    const auto text = write_words({.nonce = "B2",
                                   .max_items = -1,
                                   .fragment = "final",
                                   .reason = "reply-to",
                                   .action = "WriteItems",
                                   .status = "accepted"});
    EXPECT_THAT(text, HasSubstr("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<WorkpointMessage "
                                "xmlns=\"http://www.siemens.com/DLS\""));
    EXPECT_THAT(text, HasSubstr("<Message nonce=\"B2\" maxItems=\"-1\" fragment=\"final\">"));
    EXPECT_THAT(text, HasSubstr("<ReasonForContact status=\"accepted\" action=\"WriteItems\">"
                                "reply-to</ReasonForContact>"));
    EXPECT_THAT(text, HasSubstr("<ItemList/>"));
    const auto other = write_words({.nonce = "B3",
                                    .reason = "start-up",
                                    .items = {{"a", "1", "<&>\"", {}}, {"b", {}, {}, "failed"}}});
    EXPECT_THAT(other, HasSubstr("<Item index=\"1\" name=\"a\">&lt;&amp;&gt;&#34;</Item>"));
    EXPECT_THAT(other, HasSubstr("<Item status=\"failed\" name=\"b\"></Item>"));
    EXPECT_THAT(other, Not(HasSubstr("fragment")));
    EXPECT_THAT(write_words({.nonce = "B4", .reason = "reply-to", .has_items = false}),
                Not(HasSubstr("ItemList")));
}

} // namespace
} // namespace phone
