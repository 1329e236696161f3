// The fonts of the reader's system, instead of some that a page would load.
import theme from "vitepress/theme-without-fonts";
import "./style.css";

export default theme;
