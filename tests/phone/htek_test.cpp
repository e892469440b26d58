// SPDX-License-Identifier: MIT
#include "module/phone/htek.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Identity uc924() {
    return {*base::Mac::parse("001fc1000001"), "UC924", "2.0.4.2"};
}

std::string file(std::string_view parameters) {
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hl_provision version=\"1\">"
                       "<config version=\"1\">{}</config></hl_provision>",
                       parameters);
}

Values values_of(std::string_view parameters) {
    auto read = htek().read_file(file(parameters));
    return read ? read->values : Values{{"error", read.error().what}};
}

TEST(Htek, AsksInTheShapeOfItsMaker) {
    const base::Endpoint local{*base::Ipv4::parse("192.0.2.89"), 60000};
    const DialogIds ids{"z9hG4bK70411250", "70411247", "70411247@192.0.2.89"};
    const auto text = htek().subscribe(uc924(), ids, local, *base::Ipv4::parse("224.0.1.75"));
    EXPECT_EQ(text, "SUBSCRIBE sip:MAC001fc1000001@224.0.1.75 SIP/2.0\r\n"
                    "Via: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250\r\n"
                    "From: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247\r\n"
                    "To: <sip:MAC001fc1000001@224.0.1.75>\r\n"
                    "Call-ID: 70411247@192.0.2.89\r\n"
                    "CSeq: 1 SUBSCRIBE\r\n"
                    "Contact: <sip:MAC001fc1000001@192.0.2.89:60000>\r\n"
                    "Max-Forwards: 70\r\n"
                    "User-Agent: Htek UC924 2.0.4.2\r\n"
                    "Expires: 0\r\n"
                    "Event: ua-profile;profile-type=\"device\";vendor=\"Htek\";model=\"UC924\";"
                    "version=\"2.0.4.2\"\r\n"
                    "Accept: application/url\r\n"
                    "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(text.size(), 492U);
}

TEST(Htek, NamesNewDialogsDifferently) {
    const base::Endpoint local{*base::Ipv4::parse("192.0.2.89"), 60000};
    const auto one = htek().new_dialog(local);
    const auto other = htek().new_dialog(local);
    EXPECT_NE(one.branch, other.branch);
    EXPECT_NE(one.call_id, other.call_id);
    EXPECT_EQ(one.branch.size(), std::string("z9hG4bK70411250").size());
}

TEST(Htek, AsksForTheFilesOfItsPageInTheirOrder) {
    EXPECT_THAT(htek().chain(uc924()),
                ElementsAre("factory0000.xml", "cfg0000.xml", "001fc1000001.cfg", "cfg001fc1000001",
                            "cfg001fc1000001.xml"));
    EXPECT_EQ(htek().http_user_agent(uc924()), "Htek UC924 2.0.4.2 00:1f:c1:00:00:01");
}

TEST(Htek, ReadsTheThreeSpellingsAlike) {
    const Values expected{{"P35", "201"}, {"P47", "192.0.2.10:5060"}};
    EXPECT_EQ(values_of("<P35 para=\"Account1_SipUserId\">201</P35>"
                        "<P47 para=\"Profile1_Sipserver\">192.0.2.10:5060</P47>"),
              expected);
    EXPECT_EQ(values_of("<P35>201</P35><P47>192.0.2.10:5060</P47>"), expected);
    EXPECT_EQ(values_of("<Account1_SipUserId>201</Account1_SipUserId>"
                        "<Profile1_Sipserver>192.0.2.10:5060</Profile1_Sipserver>"),
              expected);
}

TEST(Htek, KnowsTheNamedElementsOfEveryAccount) {
    EXPECT_EQ(
        values_of("<Account2_DispalyName>B</Account2_DispalyName>"
                  "<Account4_Active>1</Account4_Active>"
                  "<FirmwareUpGrade_ConfigServerPath>http://h/</FirmwareUpGrade_ConfigServerPath>"),
        (Values{{"P703", "B"}, {"P601", "1"}, {"P237", "http://h/"}}));
}

TEST(Htek, SaysWhichNamesItDoesNotKnow) {
    const auto read = htek().read_file(file("<Account1_DisplayName>A</Account1_DisplayName>"
                                            "<Account9_Active>1</Account9_Active><P271>1</P271>"));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_THAT(read->unknown, ElementsAre("Account1_DisplayName", "Account9_Active"))
        << "the maker spells it DispalyName";
    EXPECT_EQ(read->values.at("Account1_DisplayName"), "A");
}

TEST(Htek, RemarksOnEscapesThatSomeFirmwareDecodes) {
    const auto read = htek().read_file(file("<P34>a%41b</P34><P3>100% sure</P3>"));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_THAT(read->doubtful, ElementsAre("P34"));
    EXPECT_EQ(read->values.at("P34"), "a%41b");
}

TEST(Htek, RejectsWhatIsNoHlProvision) {
    EXPECT_FALSE(htek().read_file("<html><body>404</body></html>"));
    EXPECT_FALSE(htek().read_file("#!version:1.0.0.1\naccount.1.active = 1\n"));
    EXPECT_FALSE(htek().read_file(""));
}

TEST(HtekAccounts, AreTheActiveOnesWithTheirOwnCodes) {
    const auto accounts = htek().accounts({{"P271", "1"},
                                           {"P35", "201"},
                                           {"P34", "s3cret"},
                                           {"P3", "Front desk"},
                                           {"P47", "192.0.2.10"},
                                           {"P32", "5"},
                                           {"P401", "0"},
                                           {"P501", "1"},
                                           {"P504", "203"},
                                           {"P505", "auth203"},
                                           {"P502", "192.0.2.11:5070"},
                                           {"P930", "2"},
                                           {"P510", "0"}});
    ASSERT_EQ(accounts.size(), 2U);
    EXPECT_EQ(accounts[0].line, 1);
    EXPECT_EQ(accounts[0].user, "201");
    EXPECT_EQ(accounts[0].login, "201") << "without an authentication id the user serves";
    EXPECT_EQ(accounts[0].password.reveal(), "s3cret");
    EXPECT_EQ(accounts[0].display_name, "Front desk");
    EXPECT_EQ(accounts[0].expires, 300U);
    EXPECT_EQ(accounts[0].local_port, 5060);
    EXPECT_TRUE(accounts[0].registers);
    EXPECT_EQ(accounts[1].line, 3);
    EXPECT_EQ(accounts[1].login, "auth203");
    EXPECT_EQ(accounts[1].server, "192.0.2.11:5070");
    EXPECT_EQ(accounts[1].transport, "TLS");
    EXPECT_EQ(accounts[1].local_port, 5260);
    EXPECT_FALSE(accounts[1].registers);
}

TEST(HtekAccounts, TakeTheServerOfTheProfileTheyName) {
    const Values values{
        {"P401", "1"}, {"P735", "202"}, {"P24083", "0"}, {"P47", "one"}, {"P747", "two"}};
    EXPECT_EQ(htek().accounts(values).at(0).server, "one");
    auto own = values;
    own.erase("P24083");
    EXPECT_EQ(htek().accounts(own).at(0).server, "two");
}

TEST(HtekAccounts, SurviveNumbersOutOfRange) {
    const auto accounts = htek().accounts({{"P271", "1"},
                                           {"P24082", "99999999999999999999"},
                                           {"P130", "17"},
                                           {"P32", "0"},
                                           {"P40", "70000"}});
    ASSERT_EQ(accounts.size(), 1U);
    EXPECT_GT(accounts[0].expires, 0U);
    EXPECT_THAT(htek().accounts({{"P271", "yes"}}), IsEmpty());
}

TEST(IsUsable, RefusesValuesThatWouldBreakARequest) {
    Account account;
    account.user = "201";
    account.server = "192.0.2.10:5060";
    EXPECT_TRUE(is_usable(account));
    account.display_name = "a\r\nContact: <sip:evil>";
    EXPECT_FALSE(is_usable(account));
    account.display_name.clear();
    account.server = "192.0.2.10:sip";
    EXPECT_FALSE(is_usable(account));
    account.server = "pbx example";
    EXPECT_FALSE(is_usable(account));
}

} // namespace
} // namespace phone
