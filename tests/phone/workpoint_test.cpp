// SPDX-License-Identifier: MIT
// An OpenStage's words without a connection: each case one rule of the guide.
#include "module/phone/workpoint.hpp"

#include "module/phone/wpi_items.hpp"
#include "wpi_server.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string nonce_of(const std::string& message) {
    return between(message, "nonce=\"", "\"");
}

class WorkpointTest : public testing::Test {
  protected:
    Workpoint make(const std::string& version = "V3 R5.12.0", WpiLimits limits = {}) {
        return {{*base::Mac::parse("001ae8102030"), "OpenStage 40", version},
                base::Ipv4{0x0A141F4D},
                std::move(limits),
                values_};
    }

    /// What it says when told `action` after `said`.
    static WpiStep tell(Workpoint& phone,
                        const std::string& said,
                        const std::string& action,
                        const std::string& items = "",
                        bool in_call = false) {
        auto step = phone.take(dls(nonce_of(said), action, items), in_call);
        EXPECT_TRUE(step) << step.error().what;
        return step ? *step : WpiStep{};
    }

    Values values_;
};

TEST_F(WorkpointTest, SaysItsBasicItemsAtEachStart) {
    auto phone = make();
    const auto said = phone.begin("start-up");
    EXPECT_THAT(nonce_of(said), SizeIs(32));
    EXPECT_THAT(said, HasSubstr("maxItems=\"-1\">\n"));
    for (const auto* item :
         {"<Item name=\"device-type\">OpenStage 40</Item>",
          "<Item name=\"software-type\">Siemens SIP</Item>",
          "<Item name=\"software-version\">V3 R5.12.0</Item>",
          "<Item name=\"contact-me-uri\">http://10.20.31.77:8085/contact_dls.html/ContactDLS<",
          "<Item name=\"mac-addr\">00:1A:E8:10:20:30</Item>",
          "<Item name=\"configuration-changed-flag\">true</Item>", "<Item name=\"e164\"></Item>",
          "<Item status=\"failed\" name=\"user-pwd-unicode\">",
          "<Item name=\"mobility-enabled\">false</Item>"}) {
        EXPECT_THAT(said, HasSubstr(item));
    }
    EXPECT_EQ(tell(phone, said, "CleanUp").kind, WpiStep::Kind::end);
    EXPECT_THAT(phone.begin("start-up"), HasSubstr("changed-flag\">false<"));
}

TEST_F(WorkpointTest, ListsOnlyWhatItDidNotWrite) {
    auto phone = make();
    const auto step = tell(phone, phone.begin("start-up"), "WriteItems",
                           "<Item name=\"e164\">4210</Item><Item name=\"sip-pwd\">hush</Item>"
                           "<Item name=\"function-key-def\" index=\"1\">59</Item>"
                           "<Item name=\"no-such-item\">1</Item>"
                           "<Item name=\"device-type\">x</Item>"
                           "<Item name=\"key-label-unicode\" index=\"99\">x</Item>"
                           "<Item name=\"key-label-unicode\" index=\"1001\">x</Item>"
                           "<Item name=\"key-label-unicode\">x</Item>"
                           "<Item name=\"e164\" index=\"1\">x</Item>"
                           "<Item name=\"reg-port\">70000</Item><Item name=\"dhcp\">yes</Item>"
                           "<Item name=\"admin-pwd\">12345</Item>"
                           "<Item name=\"sntp-tz-offset\">-60</Item>"
                           "<Item name=\"goto-secure-mode\">nopin</Item>");
    ASSERT_EQ(step.kind, WpiStep::Kind::send);
    EXPECT_THAT(step.message, HasSubstr("fragment=\"final\""));
    EXPECT_THAT(step.message, HasSubstr("status=\"accepted\" action=\"WriteItems\">reply-to<"));
    for (const auto* item : {"<Item status=\"unknown item\" name=\"no-such-item\">",
                             "<Item status=\"read only\" name=\"device-type\">",
                             "<Item status=\"invalid index\" index=\"99\" name=\"key-label-uni",
                             "<Item status=\"invalid index\" name=\"key-label-unicode\">",
                             "<Item status=\"invalid index\" index=\"1\" name=\"e164\">",
                             "<Item status=\"invalid data\" name=\"reg-port\">",
                             "<Item status=\"invalid data\" name=\"dhcp\">",
                             "<Item status=\"invalid data\" name=\"admin-pwd\">",
                             "<Item status=\"not supported\" name=\"goto-secure-mode\">"}) {
        EXPECT_THAT(step.message, HasSubstr(item));
    }
    EXPECT_THAT(step.message, Not(HasSubstr("sip-pwd")));
    EXPECT_THAT(step.message, Not(HasSubstr("1001")));
    EXPECT_EQ(phone.counts().items_written, 5);
    EXPECT_EQ(phone.counts().items_refused, 9);
    EXPECT_EQ(values_.at("function-key-def/1"), "59");
}

TEST_F(WorkpointTest, NeverGivesBackASecret) {
    values_ = {{"sip-pwd", "hush"}, {"line-sip-pwd/1", "hush"}, {"admin-pwd", "hush99"}};
    auto phone = make();
    auto step = tell(phone, phone.begin("start-up"), "ReadAllItems");
    EXPECT_THAT(step.message, Not(HasSubstr("hush")));
    EXPECT_THAT(step.message, Not(HasSubstr("sip-pwd")));
    EXPECT_THAT(step.message, HasSubstr("<Item name=\"registrar-port\">5060</Item>"));
    step = tell(phone, step.message, "ReadItems",
                "<Item name=\"sip-pwd\"/><Item name=\"line-sip-pwd\" index=\"1\"/>"
                "<Item name=\"ipaddress\"/><Item name=\"nothing\"/><Item name=\"select-dial\"/>");
    EXPECT_THAT(step.message, Not(HasSubstr("hush")));
    EXPECT_THAT(step.message, HasSubstr("<Item status=\"failed\" name=\"sip-pwd\">"));
    EXPECT_THAT(step.message, HasSubstr("<Item name=\"ipaddress\">10.20.31.77</Item>"));
    EXPECT_THAT(step.message, HasSubstr("<Item status=\"unknown item\" name=\"nothing\">"));
    EXPECT_THAT(step.message, HasSubstr("<Item status=\"invalid index\" name=\"select-dial\">"));
}

TEST_F(WorkpointTest, IsBusyForWritingOnly) {
    auto phone = make();
    auto step =
        tell(phone, phone.begin("solicited"), "WriteItems", "<Item name=\"e164\">1</Item>", true);
    EXPECT_THAT(step.message, HasSubstr("status=\"busy\" action=\"WriteItems\">reply-to<"));
    EXPECT_THAT(step.message, Not(HasSubstr("ItemList")));
    EXPECT_EQ(values_.count("e164"), 0U);
    step = tell(phone, step.message, "ReadItems", "<Item name=\"e164\"/>", true);
    EXPECT_THAT(step.message, HasSubstr("status=\"accepted\" action=\"ReadItems\""));
}

TEST_F(WorkpointTest, SplitsByItemsAndByBytes) {
    WpiLimits by_items;
    by_items.max_items = 40;
    WpiLimits by_bytes;
    by_bytes.chunk = 2000;
    for (const auto& limits : {by_items, by_bytes}) {
        auto phone = make("V3 R5.12.0", limits);
        auto step = tell(phone, phone.begin("start-up"), "ReadAllItems");
        std::size_t items = 0;
        int parts = 1;
        for (; step.message.find("fragment=\"next\"") != std::string::npos; ++parts) {
            EXPECT_LT(step.message.size(), 4500U);
            step = tell(phone, step.message, "GetNextFragment");
            ASSERT_THAT(step.message, HasSubstr("action=\"ReadAllItems\">reply-to<"));
            const auto count = [&](const std::string& word) {
                std::size_t found = 0;
                for (auto at = step.message.find(word); at != std::string::npos;
                     at = step.message.find(word, at + 1)) {
                    ++found;
                }
                return found;
            };
            items = count("<Item ");
            EXPECT_LE(items, limits.max_items > 0 ? 40U : 1000U);
        }
        EXPECT_THAT(step.message, HasSubstr("fragment=\"final\""));
        EXPECT_GE(parts, 3);
        EXPECT_GE(items, 1U);
        EXPECT_FALSE(phone.take(dls(nonce_of(step.message), "GetNextFragment"), false))
            << "there is none left";
    }
}

TEST_F(WorkpointTest, FailsWhenItGetsMoreItemsThanItTold) {
    WpiLimits limits;
    limits.max_items = 1;
    auto phone = make("V3 R5.12.0", limits);
    const auto said = phone.begin("start-up");
    EXPECT_THAT(said, HasSubstr("maxItems=\"1\""));
    const auto step = tell(phone, said, "WriteItems",
                           "<Item name=\"e164\">1</Item><Item name=\"reg-addr\">h</Item>");
    EXPECT_THAT(step.message, HasSubstr("status=\"failed\" action=\"WriteItems\""));
    EXPECT_TRUE(values_.empty());
}

TEST_F(WorkpointTest, TakesNoAnswerWithAnotherNonce) {
    auto phone = make();
    const auto first = phone.begin("start-up");
    const auto step = tell(phone, first, "ReadItems", "<Item name=\"e164\"/>");
    EXPECT_FALSE(phone.take(dls(nonce_of(first), "CleanUp"), false)) << "that of the one before";
    EXPECT_TRUE(phone.take(dls(nonce_of(step.message), "CleanUp"), false));
    const auto complaint = phone.complaint("no Action");
    EXPECT_THAT(complaint, HasSubstr(">clean-up</ReasonForContact>"));
    EXPECT_THAT(complaint, HasSubstr("<Item name=\"cleanup-reason\">no Action</Item>"));
}

TEST_F(WorkpointTest, AttachesLocalChangesFromV2R2On) {
    for (const auto* version : {"V2 R1.40.0", "V2 R2.30.0"}) {
        values_.clear();
        auto phone = make(version);
        ASSERT_TRUE(phone.change("ringer-melody", "", "4"));
        ASSERT_TRUE(phone.change("admin-pwd", "", "hush99"));
        ASSERT_TRUE(phone.change("ringer-melody", "", "5"));
        const auto said = phone.begin("local-changes");
        const bool attaches = std::string_view(version) == "V2 R2.30.0";
        EXPECT_THAT(said, HasSubstr("configuration-changed-flag\">true<"));
        EXPECT_EQ(said.find("configuration-attached-flag\">true<") != std::string::npos, attaches);
        EXPECT_EQ(said.find("<Item name=\"ringer-melody\">5</Item>") != std::string::npos,
                  attaches);
        EXPECT_THAT(said, Not(HasSubstr("hush99")));
        ASSERT_TRUE(phone.change("date-format", "", "1")); // while it talks
        tell(phone, said, "CleanUp");
        EXPECT_TRUE(phone.has_changes()) << "the later one was not said";
        tell(phone, phone.begin("local-changes"), "CleanUp");
        EXPECT_FALSE(phone.has_changes());
    }
    auto phone = make();
    EXPECT_FALSE(phone.change("device-type", "", "x"));
    EXPECT_FALSE(phone.change("nothing", "", "x"));
}

TEST_F(WorkpointTest, OwesOneContactFromV3R3On) {
    const std::string wish = "<Item name=\"send-solicited\">true</Item>";
    auto old = make("V3 R2.9.0");
    tell(old, old.begin("solicited"), "CleanUp", wish);
    EXPECT_FALSE(old.owes_contact());
    auto phone = make("V3 R3.0.0");
    tell(phone, phone.begin("solicited"), "CleanUp", wish);
    tell(phone, phone.begin("local-changes"), "CleanUp");
    EXPECT_TRUE(phone.owes_contact());
    phone.begin("solicited"); // nobody answers
    EXPECT_TRUE(phone.owes_contact()) << "the wish is kept until the service was reached";
    tell(phone, phone.begin("solicited"), "CleanUp");
    EXPECT_FALSE(phone.owes_contact());
    tell(phone, phone.begin("solicited"), "CleanUp", wish);
    phone.restart();
    EXPECT_FALSE(phone.owes_contact());
}

TEST_F(WorkpointTest, RestartsAndForgetsWhereToPoll) {
    auto phone = make();
    auto step = tell(phone, phone.begin("start-up"), "WriteItems",
                     "<Item name=\"dcmp-url\">http://h:8080/dcmp/</Item>"
                     "<Item name=\"dcmp-poll-interval\">2</Item><Item name=\"e164\">1</Item>");
    EXPECT_EQ(phone.value_of("dcmp-poll-interval"), "2");
    EXPECT_EQ(tell(phone, step.message, "Restart").kind, WpiStep::Kind::restart);
    phone.restart();
    EXPECT_EQ(phone.value_of("dcmp-url"), "");
    EXPECT_EQ(phone.value_of("dcmp-poll-interval"), "5");
    EXPECT_EQ(phone.value_of("e164"), "1");
    step = tell(phone, phone.begin("start-up"), "Restart",
                "<Item name=\"restart-password\">1234</Item>"
                "<Item name=\"restart-type\">FactoryReset</Item>");
    EXPECT_THAT(step.message, HasSubstr("status=\"failed\" action=\"Restart\""));
    step = tell(phone, step.message, "Restart",
                "<Item name=\"restart-password\">124816</Item>"
                "<Item name=\"restart-type\">FactoryReset</Item>");
    EXPECT_EQ(step.kind, WpiStep::Kind::factory_reset);
    phone.reset();
    EXPECT_EQ(phone.value_of("e164"), "");
}

TEST_F(WorkpointTest, TakesFilesByHttpsAlone) {
    auto phone = make();
    auto step = tell(phone, phone.begin("solicited"), "FileDeployment",
                     "<Item name=\"file-server\">10.0.0.1</Item><Item name=\"file-name\">a</Item>"
                     "<Item name=\"file-type\">LOGO</Item>");
    EXPECT_THAT(step.message, HasSubstr("status=\"failed\" action=\"FileDeployment\""));
    step = tell(phone, step.message, "FileDeployment",
                "<Item name=\"file-https-base-url\">https://h:18443/files/7Qm2/bell.wav</Item>"
                "<Item name=\"file-type\">RINGTONE</Item>");
    ASSERT_EQ(step.kind, WpiStep::Kind::fetch);
    EXPECT_EQ(step.files.at(0).name, "bell.wav");
    const auto said = phone.status(step.files[0], true, "03:06:2025", "09:41:07");
    EXPECT_THAT(said, HasSubstr(">status</ReasonForContact>"));
    EXPECT_THAT(said, HasSubstr("<Item name=\"mac-addr\">"));
    EXPECT_THAT(said, HasSubstr("<Item name=\"file-deployment-name\">bell.wav</Item>"));
    EXPECT_THAT(said, HasSubstr("<Item name=\"file-deployment-status\">ok</Item>"));
    phone.keep(step.files[0], true, "03:06:2025", "09:41:07");
    step = tell(phone, said, "ReadAllItems");
    EXPECT_THAT(step.message, HasSubstr("<Item index=\"1\" name=\"file-deployment-type\">RING"));
    step = tell(phone, step.message, "FileDeployment",
                "<Item name=\"file-name\" index=\"1\">bell.wav</Item>"
                "<Item name=\"file-type\" index=\"1\">RINGTONE</Item>"
                "<Item name=\"file-action\" index=\"1\">delete</Item>");
    ASSERT_EQ(step.kind, WpiStep::Kind::fetch);
    phone.keep(step.files.at(0), true, "", "");
    EXPECT_EQ(values_.count("file-deployment-name/1"), 0U);
}

TEST_F(WorkpointTest, UpdatesUnlessItIsInACall) {
    auto phone = make();
    const std::string items =
        "<Item name=\"file-https-base-url\">https://h/files/Zk81/os40.img</Item>"
        "<Item name=\"file-type\">APP</Item><Item name=\"file-sw-type\">Siemens SIP</Item>"
        "<Item name=\"file-sw-version\">3.5.21.0</Item>"
        "<Item name=\"file-priority\">normal</Item>";
    auto step = tell(phone, phone.begin("solicited"), "SoftwareDeployment", items, true);
    EXPECT_THAT(step.message, HasSubstr("status=\"busy\""));
    step = tell(phone, step.message, "SoftwareDeployment", items);
    ASSERT_EQ(step.kind, WpiStep::Kind::upgrade);
    EXPECT_EQ(step.files.at(0).version, "V3 R5.21.0");
    EXPECT_EQ(told_version("V3 R5.12.0"), "V3 R5.12.0");
    EXPECT_FALSE(abilities_of("3.5.21.0"));
    EXPECT_TRUE(abilities_of("V1.10 R2.0.2"));
    EXPECT_FALSE(abilities_of("V1.10 R2.0.2")->polls);
}

} // namespace
} // namespace phone
