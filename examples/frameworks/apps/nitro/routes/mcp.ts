export { default } from "../handler";
