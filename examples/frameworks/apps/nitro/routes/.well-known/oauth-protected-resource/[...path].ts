export { default } from "../../../handler";
